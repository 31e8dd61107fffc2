/** `npm run sandbox`: the operator's whole job on loopback, and what it does on worse days, told as a story; `-- --keep` stays up to be played with. */
import { freePort } from "./free-port.ts";
import { playOn } from "./play/play-on.ts";
import { dockerConfigJson } from "./registry.ts";
import { tellFirstAct } from "./story/first-act.ts";
import { tellMark } from "./story/mark.ts";
import { startOperatorProcess } from "./story/operator-process.ts";
import { APP, CHAT_MESSAGES, HOOK_SECRET, LONG_MS, MANIFEST, type Scene, say, tell } from "./story/scene.ts";
import { tellSecondAct } from "./story/second-act.ts";
import { tellThirdAct } from "./story/third-act.ts";
import { manifestOf, startWorld, type World } from "./world.ts";

const PARENT_LOOK_MS = 500;
const keep = process.argv.includes("--keep");
const world = await startWorld({ chat: "https", registry: { auth: { kind: "bearer", username: "robot", password: "sandbox" } } });
let stopOperator = async () => {};
const ended = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => ended.abort());
// Whoever started it may be killed: then nobody could end it.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && ended.abort(), PARENT_LOOK_MS).unref();
// Whoever reads the story may stop (`| head`): then it is over.
process.stdout.on("error", () => ended.abort());
const isEnded = new Promise<void>((resolve) => ended.signal.addEventListener("abort", () => resolve()));
try {
  await Promise.race([tellStory(), isEnded]);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  await stopOperator();
  await world.close();
}
process.exit(process.exitCode ?? 0);

async function tellStory(): Promise<void> {
  const scene = await setScene();
  await tellFirstAct(scene);
  await tellSecondAct(scene);
  await tellMark(scene, await tellThirdAct(scene));
  say("What the chat was told");
  for (const { text } of await world.chat.received(CHAT_MESSAGES.ofAll, LONG_MS)) console.log(`  ${text}`);
  if (keep) await stayUp(world, scene);
}

async function setScene(): Promise<Scene> {
  const image = `${world.registry.host}/${APP}`;
  const app = await world.repository(`${APP}.git`, { "index.html": "<h1>Shop</h1>\n" });
  const oldTag = (await app.tip()) ?? "";
  world.secret("gitops-operator", "regcred", { ".dockerconfigjson": dockerConfigJson(world.registry.host, "robot", "sandbox") });
  world.secret("gitops-operator", "webhook-secret", { "webhook-url": world.chat.url() });
  world.secret("gitops-operator", "github-token", { "github-token": "sandbox-token" });
  world.secret("gitops-operator", "hook", { "hook-secret": HOOK_SECRET });
  const secrets = { notifications_secret_name: "webhook-secret", github_token_secret_name: "github-token" };
  const deploy = (tag: string) =>
    world.deploy({ name: "shop", image: `${image}:${tag}`, annotations: { image_name: image, report: "status", ...secrets } });
  world.registry.put(APP, oldTag);
  deploy(oldTag);
  const { "deployment.kubernetes.io/revision": _, ...annotations } =
    world.cluster.get("Deployment", "default", "shop")?.metadata.annotations ?? {};
  const manifests = await world.repository("team/manifests.git", {
    [MANIFEST]: manifestOf("shop", `${image}:${oldTag}`, "default", annotations),
  });
  // As forges have it: history and folders can be read without files.
  for (const repository of [app, manifests]) await repository.config("uploadpack.allowFilter", "true");
  say("A world on loopback");
  tell("Kubernetes API", world.cluster.url);
  tell("git over SSH", world.gitHost.url("team/shop.git"));
  tell("registry", `${world.registry.url}, a CI API and a chat`);
  tell("Deployment", "default/shop, whose annotations name both repositories and the SSH key's Secret");

  const hookPort = await freePort();
  const operator = startOperatorProcess(world, hookPort);
  stopOperator = operator.stop;
  const hookUrl = `http://127.0.0.1:${hookPort}/hook/gitops-operator/hook`;
  return { world, app, manifests, url: await operator.url, hookUrl, deploy };
}

async function stayUp({ cluster, env, folder }: World, scene: Scene): Promise<void> {
  const { url } = scene;
  say("Still up, until Ctrl-C");
  tell("operator", `curl ${url}/reconcile   (also /status /history /debug /health /metrics)`);
  tell("cluster", `kubectl --kubeconfig ${env.KUBECONFIG} get deployments -A   (${cluster.url})`);
  tell("", "(where it takes no protobuf: kubectl create … --dry-run=client -o yaml | kubectl … apply -f -)");
  tell("check --live", `${environment(env)} npx --no gitops-operator check --live -f FILE`);
  tell("operator's log", `tail -f ${folder}/operator.log`);
  tell("repositories", `git -C ${folder}/git/team/manifests.git log -p`);
  const endPlay = await playOn(scene);
  await isEnded;
  endPlay();
}

/** Before a command; the operator's own port and work directory are left out. */
function environment(env: World["env"]): string {
  const own = ["HOST", "PORT", "WORK_DIR"];
  return Object.entries(env)
    .filter(([name]) => !own.includes(name))
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}
