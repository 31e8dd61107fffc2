import { finishBuild, reconcile, type Scene, say, showLanded, tell } from "./scene.ts";

const BUILD_MS = 1_000;

/** The operator's job: a commit whose image is being built is waited for, and its tag pushed. */
export async function tellFirstAct({ world, app, manifests, url }: Scene): Promise<void> {
  const pushed = await app.commit({ "index.html": "<h1>Shop, now open</h1>\n" }, { message: "Open the shop" });
  say("A developer pushes a commit to the application");
  tell(pushed.slice(0, 12), "Open the shop");

  world.ci.setRuns("team/shop", pushed, [{ status: "in_progress" }]);
  tell("CI", "builds the image, which takes a second more once the operator was seen to wait");
  void world.chat.received(1).then(() => setTimeout(() => finishBuild(world, pushed), BUILD_MS));

  say("The readiness probe calls GET /reconcile, which waits for the build");
  const before = (await manifests.tip()) ?? "";
  const first = await reconcile(url, "patched");
  console.log(JSON.stringify([first], null, 2));

  say("What landed in the manifests repository");
  await showLanded(manifests, before);

  say("GET /status");
  console.log("  (The Deployment still runs the old image: rolling out is Argo CD's or Flux's job, and neither is here.)\n");
  console.log((await (await fetch(`${url}/status`)).text()).trimEnd());
}
