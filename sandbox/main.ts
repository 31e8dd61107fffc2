/** `npm run sandbox`: the operator's whole job on loopback, told as a story; `-- --keep` stays up for curl and kubectl. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { compileCache } from "./compile-cache.ts";
import { dockerConfigJson } from "./registry.ts";
import { manifestOf, startWorld, type World } from "./world.ts";

const PARENT_LOOK_MS = 500;
const BUILD_MS = 1_000;
/** The last message follows the answer within milliseconds; more is a fault. */
const CHAT_MS = 60_000;
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
  const oldTag = "0".repeat(40);
  const image = `${world.registry.host}/team/shop`;
  const manifests = await world.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `${image}:${oldTag}`) });
  const app = await world.repository("team/shop.git", { "index.html": "<h1>Shop</h1>\n" });
  world.secret("gitops-operator", "regcred", { ".dockerconfigjson": dockerConfigJson(world.registry.host, "robot", "sandbox") });
  world.secret("gitops-operator", "webhook-secret", { "webhook-url": world.chat.url() });
  world.secret("gitops-operator", "github-token", { "github-token": "sandbox-token" });
  world.deploy({
    name: "shop",
    image: `${image}:${oldTag}`,
    annotations: { image_name: image, notifications_secret_name: "webhook-secret", github_token_secret_name: "github-token" },
  });
  say("A world on loopback");
  tell("Kubernetes API", world.cluster.url);
  tell("git over SSH", world.gitHost.url("team/shop.git"));
  tell("registry", `${world.registry.url}, a CI API and a chat`);
  tell("Deployment", "default/shop, whose annotations name both repositories and the SSH key's Secret");

  const operator = await startOperatorProcess(world);
  const pushed = await app.commit({ "index.html": "<h1>Shop, now open</h1>\n" }, { message: "Open the shop" });
  const before = (await manifests.tip()) ?? "";
  say("A developer pushes a commit to the application");
  tell(pushed.slice(0, 12), "Open the shop");

  world.ci.setRuns("team/shop", pushed, [{ status: "in_progress" }]);
  tell("CI", "builds the image, which takes a second more once the operator was seen to wait");
  void world.chat.received(1).then(() =>
    setTimeout(() => {
      world.registry.put("team/shop", pushed);
      world.ci.setRuns("team/shop", pushed, [{ status: "completed", conclusion: "success" }]);
    }, BUILD_MS),
  );

  say("The readiness probe calls GET /reconcile, which waits for the build");
  const entries = (await (await fetch(`${operator.url}/reconcile`)).json()) as { action?: string }[];
  console.log(JSON.stringify(entries, null, 2));
  const after = (await manifests.tip()) ?? "";
  if (entries[0]?.action !== "patched" || after === before) throw new Error("the operator did not push; its answer above says why");

  say("What landed in the manifests repository");
  const [commit] = await manifests.log();
  tell(after.slice(0, 12), `${commit?.subject}   (${commit?.author.name})`);
  const diff = (await manifests.diff(before, after)).split("\n").filter((line) => /^[-+]/.test(line));
  console.log(diff.map((line) => `  ${line}`).join("\n"));

  say("GET /status");
  console.log("  (The Deployment still runs the old image: rolling out is Argo CD's or Flux's job, and neither is here.)\n");
  console.log((await (await fetch(`${operator.url}/status`)).text()).trimEnd());

  say("What the chat was told");
  for (const { text } of await world.chat.received(2, CHAT_MS)) console.log(`  ${text}`);
  if (keep) await stayUp(world, operator.url);
}

/** The real program in a process of its own. */
async function startOperatorProcess({ env, folder }: World): Promise<{ url: string }> {
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", new URL("ends-with-parent.ts", import.meta.url).href, main], {
    env: { PATH: process.env.PATH, ...compileCache, ...env, IMAGE_CHECK: "on", IMAGE_WAIT_INITIAL_SECONDS: "2", OTEL_SDK_DISABLED: "true" },
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
  tell("operator", `curl ${url}/reconcile   (also /status /debug /health /metrics)`);
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
