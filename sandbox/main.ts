/** `npm run sandbox`: the operator's whole job on loopback, and what it does on worse days, told as a story; `-- --keep` stays up for curl and kubectl. */
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ReconcileEntry } from "../src/http/reconcile-entry.ts";
import type { BareRepository } from "./bare-repository.ts";
import { compileCache } from "./compile-cache.ts";
import { dockerConfigJson } from "./registry.ts";
import { manifestOf, startWorld, type World } from "./world.ts";

const PARENT_LOOK_MS = 500;
const BUILD_MS = 1_000;
/** What is waited for follows within milliseconds, or a second or two; more is a fault. */
const CHAT_MS = 60_000;
/** Of the first two acts, and of the third until its build runs. */
const CHAT_MESSAGES = 5;
const HOOK_SECRET = "hook-secret-of-the-sandbox-0123";
const POLL_MS = 5;
const MANIFEST = "shop/deployment.yaml";
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
  await Promise.race([tellStory(world), isEnded]);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  await stopOperator();
  await world.close();
}
process.exit(process.exitCode ?? 0);

async function tellStory(world: World): Promise<void> {
  const image = `${world.registry.host}/team/shop`;
  const app = await world.repository("team/shop.git", { "index.html": "<h1>Shop</h1>\n" });
  const oldTag = (await app.tip()) ?? "";
  const manifests = await world.repository("team/manifests.git", { [MANIFEST]: manifestOf("shop", `${image}:${oldTag}`) });
  // As forges have it: the history of a branch can be read without its files.
  await manifests.config("uploadpack.allowFilter", "true");
  world.secret("gitops-operator", "regcred", { ".dockerconfigjson": dockerConfigJson(world.registry.host, "robot", "sandbox") });
  world.secret("gitops-operator", "webhook-secret", { "webhook-url": world.chat.url() });
  world.secret("gitops-operator", "github-token", { "github-token": "sandbox-token" });
  world.secret("gitops-operator", "hook", { "hook-secret": HOOK_SECRET });
  const secrets = { notifications_secret_name: "webhook-secret", github_token_secret_name: "github-token" };
  const deploy = (tag: string) =>
    world.deploy({ name: "shop", image: `${image}:${tag}`, annotations: { image_name: image, report: "status", ...secrets } });
  deploy(oldTag);
  say("A world on loopback");
  tell("Kubernetes API", world.cluster.url);
  tell("git over SSH", world.gitHost.url("team/shop.git"));
  tell("registry", `${world.registry.url}, a CI API and a chat`);
  tell("Deployment", "default/shop, whose annotations name both repositories and the SSH key's Secret");

  const hookPort = await freePort();
  const operator = await startOperatorProcess(world, hookPort);
  const pushed = await app.commit({ "index.html": "<h1>Shop, now open</h1>\n" }, { message: "Open the shop" });
  say("A developer pushes a commit to the application");
  tell(pushed.slice(0, 12), "Open the shop");

  world.ci.setRuns("team/shop", pushed, [{ status: "in_progress" }]);
  tell("CI", "builds the image, which takes a second more once the operator was seen to wait");
  void world.chat.received(1).then(() => setTimeout(() => finishBuild(world, pushed), BUILD_MS));

  say("The readiness probe calls GET /reconcile, which waits for the build");
  const before = (await manifests.tip()) ?? "";
  const first = await reconcile(operator.url, "patched");
  console.log(JSON.stringify([first], null, 2));

  say("What landed in the manifests repository");
  await showLanded(manifests, before);

  say("GET /status");
  console.log("  (The Deployment still runs the old image: rolling out is Argo CD's or Flux's job, and neither is here.)\n");
  console.log((await (await fetch(`${operator.url}/status`)).text()).trimEnd());

  await tellSecondAct(world, { app, manifests, url: operator.url });
  const painted = await tellThirdAct(
    world,
    { app, manifests, url: operator.url },
    `http://127.0.0.1:${hookPort}/hook/gitops-operator/hook`,
  );

  say("Argo CD or Flux would roll it out; here the Deployment's image is set by hand, and its Pods are ready at once");
  deploy(painted);
  await tellMark(world, painted);

  say("What the chat was told");
  for (const { text } of await world.chat.received(CHAT_MESSAGES + 2, CHAT_MS)) console.log(`  ${text}`);
  if (keep) await stayUp(world, operator.url);
}

interface Scene {
  readonly app: BareRepository;
  readonly manifests: BareRepository;
  /** The operator's. */
  readonly url: string;
}

/** What goes wrong on other days, and what the operator then does. */
async function tellSecondAct(world: World, { app, manifests, url }: Scene): Promise<void> {
  const commit = async (message: string) => {
    const sha = await app.commit({ [message]: "" }, { message });
    tell(sha.slice(0, 12), message);
    return sha;
  };
  const answer = async (expected: ReconcileEntry["action"]) => {
    const { action, message } = await reconcile(url, expected);
    tell(`=> ${action}`, message);
  };

  say("Second act: a commit that changes documentation alone");
  await commit("Explain the shop");
  tell("CI", "builds no image of it; once IMAGE_GRACE_SECONDS are over, which are 0 here, that is no alarm");
  await answer("up_to_date");

  say("A commit whose build fails");
  world.ci.setRuns("team/shop", await commit("Break the shop"), [{ status: "completed", conclusion: "failure" }]);
  await answer("failed");

  say("Somebody takes back the version that was pushed, by git revert in the manifests repository");
  const [ours] = await manifests.log();
  const before = await manifests.read(MANIFEST, `${ours?.sha}~1`);
  const revert = await manifests.commit({ [MANIFEST]: before }, { message: `Revert "${ours?.subject}"` });
  tell(revert.slice(0, 12), `Revert "${ours?.subject}"`);
  await answer("skipped");

  say("The next application commit that has an image ends it");
  finishBuild(world, await commit("Mend the shop"));
  await answer("patched");
  await showLanded(manifests, revert);
}

/** Nobody calls the operator: forge and registry tell it. The commit that it pushed for. */
async function tellThirdAct(world: World, { app, manifests, url }: Scene, hookUrl: string): Promise<string> {
  const send = async (who: string, event: object) => {
    const body = JSON.stringify(event);
    const signature = `sha256=${createHmac("sha256", HOOK_SECRET).update(body).digest("hex")}`;
    const headers = { "content-type": "application/json", "x-hub-signature-256": signature };
    const answer = await (await fetch(hookUrl, { method: "POST", headers, body })).text();
    tell(who, `POST /hook/gitops-operator/hook  =  ${answer}`);
  };
  say("Third act: nobody calls /reconcile, the forge tells of a push");
  const pushed = await app.commit({ "index.html": "<h1>Shop, painted</h1>\n" }, { message: "Paint the shop" });
  tell(pushed.slice(0, 12), "Paint the shop");
  world.ci.setRuns("team/shop", pushed, [{ status: "in_progress" }]);
  await send("forge", { ref: "refs/heads/master", after: pushed, repository: { ssh_url: world.gitHost.url("team/shop.git") } });
  await world.chat.received(CHAT_MESSAGES + 1, CHAT_MS);
  tell("operator", "has seen the commit, and waits for its build");

  say("The build ends, and the registry tells of the image");
  const before = (await manifests.tip()) ?? "";
  finishBuild(world, pushed);
  const toldAt = performance.now();
  await send("registry", { events: [{ action: "push", target: { repository: "team/shop", tag: pushed } }] });
  while ((await manifests.tip()) === before && performance.now() - toldAt < CHAT_MS) await sleep(POLL_MS);
  tell("operator", `was woken, asked the registry, and pushed ${Math.round(performance.now() - toldAt)} ms after the event`);
  await showLanded(manifests, before);
  const status = await (await fetch(`${url}/status`)).text();
  tell("GET /status", /last event: .*/.exec(status)?.[0] ?? "has no event");
  return pushed;
}

/** What the developer sees on the commit, at the forge. */
async function tellMark({ ci }: World, sha: string): Promise<void> {
  const mark = () => ci.statuses("team/shop", sha).find(({ state }) => state === "success");
  const since = performance.now();
  while (!mark() && performance.now() - since < CHAT_MS) await sleep(POLL_MS);
  const { state, context, description } = mark() ?? { state: "none", context: "", description: "was told in time" };
  tell("the commit", `has the mark ${state}: ${context}: ${description}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function finishBuild(world: World, sha: string): void {
  world.registry.put("team/shop", sha);
  world.ci.setRuns("team/shop", sha, [{ status: "completed", conclusion: "success" }]);
}

/** The answer for the one Deployment; another than the story tells of is an error. */
async function reconcile(url: string, expected: ReconcileEntry["action"]): Promise<ReconcileEntry> {
  const [entry] = (await (await fetch(`${url}/reconcile`)).json()) as ReconcileEntry[];
  if (entry?.action !== expected) throw new Error(`expected ${expected}, but the operator answered ${JSON.stringify(entry)}`);
  return entry;
}

/** The newest commit, and what changed since `before`. */
async function showLanded(manifests: BareRepository, before: string): Promise<void> {
  const [commit] = await manifests.log();
  tell(commit?.sha.slice(0, 12) ?? "", `${commit?.subject}   (${commit?.author.name})`);
  const diff = await manifests.diff(before, commit?.sha ?? before);
  for (const line of diff.split("\n")) if (/^[-+]/.test(line)) console.log(`  ${line}`);
}

/** The real program in a process of its own. */
async function startOperatorProcess({ env, folder }: World, hookPort: number): Promise<{ url: string }> {
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", new URL("ends-with-parent.ts", import.meta.url).href, main], {
    env: {
      PATH: process.env.PATH,
      ...compileCache,
      ...env,
      IMAGE_CHECK: "on",
      HOOK_PORT: String(hookPort),
      HOOK_SECRET_NAME: "hook",
      IMAGE_WAIT_INITIAL_SECONDS: "2",
      IMAGE_GRACE_SECONDS: "0",
      OTEL_SDK_DISABLED: "true",
    },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const stdout = child.stdout as Readable;
  const exited = once(child, "exit");
  stopOperator = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  for await (const line of createInterface({ input: stdout })) {
    const { msg, port } = JSON.parse(line) as { msg: string; port?: number };
    if (msg !== "Listening") continue;
    // The log stays for `--keep`; the story is told without it.
    stdout.pipe(createWriteStream(join(folder, "operator.log")));
    return { url: `http://127.0.0.1:${port}` };
  }
  throw new Error("the operator ended before it listened");
}

async function stayUp({ cluster, env, folder }: World, url: string): Promise<void> {
  say("Still up, until Ctrl-C");
  tell("operator", `curl ${url}/reconcile   (also /status /history /debug /health /metrics)`);
  tell("cluster", `kubectl --kubeconfig ${env.KUBECONFIG} get deployments -A   (${cluster.url})`);
  tell("", "(where it takes no protobuf: kubectl create … --dry-run=client -o yaml | kubectl … apply -f -)");
  tell("check --live", `${environment(env)} npx --no gitops-operator check --live -f FILE`);
  tell("operator's log", `tail -f ${folder}/operator.log`);
  tell("repositories", `git -C ${folder}/git/team/manifests.git log -p`);
  await isEnded;
}

/** Before a command; the operator's own port and work directory are left out. */
function environment(env: World["env"]): string {
  const own = ["HOST", "PORT", "WORK_DIR"];
  return Object.entries(env)
    .filter(([name]) => !own.includes(name))
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

function say(title: string): void {
  console.log(`\n== ${title} ==`);
}

function tell(what: string, text: string): void {
  console.log(`  ${what.padEnd(15)} ${text}`);
}
