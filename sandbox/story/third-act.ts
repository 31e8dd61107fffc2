import { setTimeout as sleep } from "node:timers/promises";
import { CHAT_MESSAGES, finishBuild, LONG_MS, POLL_MS, type Scene, say, sendEvent, showLanded, tell } from "./scene.ts";

/** Nobody calls the operator: forge and registry tell it. The commit that it pushed for. */
export async function tellThirdAct({ world, app, manifests, url, hookUrl }: Scene): Promise<string> {
  const send = async (who: string, event: object) => {
    const answer = await sendEvent(hookUrl, event);
    tell(who, `POST /hook/gitops-operator/hook  =  ${answer}`);
  };
  say("Third act: nobody calls /reconcile, the forge tells of a push");
  const pushed = await app.commit({ "index.html": "<h1>Shop, painted</h1>\n" }, { message: "Paint the shop" });
  tell(pushed.slice(0, 12), "Paint the shop");
  world.ci.setRuns("team/shop", pushed, [{ status: "in_progress" }]);
  await send("forge", { ref: "refs/heads/master", after: pushed, repository: { ssh_url: world.gitHost.url("team/shop.git") } });
  await world.chat.received(CHAT_MESSAGES.untilThirdBuild, LONG_MS);
  tell("operator", "has seen the commit, and waits for its build");

  say("The build ends, and the registry tells of the image");
  const before = (await manifests.tip()) ?? "";
  finishBuild(world, pushed);
  const toldAt = performance.now();
  await send("registry", { events: [{ action: "push", target: { repository: "team/shop", tag: pushed } }] });
  while ((await manifests.tip()) === before && performance.now() - toldAt < LONG_MS) await sleep(POLL_MS);
  tell("operator", `was woken, asked the registry, and pushed ${Math.round(performance.now() - toldAt)} ms after the event`);
  await showLanded(manifests, before);
  const status = await (await fetch(`${url}/status`)).text();
  tell("GET /status", /last event: .*/.exec(status)?.[0] ?? "has no event");
  return pushed;
}
