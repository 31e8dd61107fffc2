import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../../sandbox/free-port.ts";
import { manifestOf, startWorld, type World } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { startSilentHost } from "../silent-host.ts";
import { programTest as test } from "./program-test.ts";
import { OLD } from "./stage.ts";

const program = process.env.OPERATOR_PROGRAM ?? fileURLToPath(new URL("../../src/main.ts", import.meta.url));

interface OperatorProcess {
  readonly child: ChildProcess;
  readonly url: string;
  readonly exit: Promise<number | null>;
}

async function startProcess(t: TestContext, env: Readonly<Record<string, string>>): Promise<OperatorProcess> {
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH, HOME: "/nonexistent", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const exit = once(child, "exit").then(([code]) => code as number | null);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  void exit.then((code) => reject(new Error(`the operator ended with ${code} before it listened`)));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { msg, port } = JSON.parse(line) as { msg: string; port?: number };
    if (msg === "Listening" && port) resolve(port);
  });
  return { child, url: `http://127.0.0.1:${await promise}`, exit };
}

async function startShop(world: World) {
  const manifests = await world.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const app = await world.repository("team/shop.git", { "index.html": "1" });
  world.deploy({ name: "shop" });
  return { manifests, app };
}

async function run(env: Readonly<Record<string, string>>): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH, HOME: "/nonexistent", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, "close");
  return { code, stderr };
}

test("without a cluster it ends at once with one line that names the sandbox", async () => {
  const { code, stderr } = await run({});
  assert.equal(code, 1);
  assert.match(stderr, /^[^\n]*npm run sandbox[^\n]*\n$/);
});

test("a wrong environment: every problem at once, exit 1", async () => {
  const { code, stderr } = await run({ PORT: "many", CONCURRENCY: "0", LOG_LEVEL: "loud" });
  assert.equal(code, 1);
  for (const name of ["PORT", "CONCURRENCY", "LOG_LEVEL"]) assert.match(stderr, new RegExp(`^configuration: ${name} must be`, "m"));
});

// S33
test(
  "32 threads look up names and read files, or as many as UV_THREADPOOL_SIZE says",
  async (t) => {
    const world = await startWorld();
    t.after(() => world.close());
    for (const [env, threads] of [
      [{}, 32],
      [{ UV_THREADPOOL_SIZE: "9" }, 9],
    ] as const) {
      const operator = await startProcess(t, { ...world.env, ...env });
      const count = async () => {
        const ids = await readdir(`/proc/${operator.child.pid}/task`);
        const names = await Promise.all(ids.map((id) => readFile(`/proc/${operator.child.pid}/task/${id}/comm`, "utf8").catch(() => "")));
        return names.filter((name) => name.trim() === "libuv-worker").length;
      };
      await eventually(async () => (await count()) === threads, `not ${threads} threads`);
    }
  },
  { skip: process.platform !== "linux" },
);

// P7
test("SIGTERM when idle: exit 0 at once", async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  await startShop(world);
  const { child, url, exit } = await startProcess(t, world.env);
  assert.equal((await fetch(`${url}/reconcile`)).status, 200);
  child.kill("SIGTERM");
  assert.equal(await exit, 0);
});

// P7, F17-F18
test("SIGTERM while a push is in flight: the push ends, new calls get 503, it is ready no more on any port, exit 0", async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  const { manifests, app } = await startShop(world);
  await manifests.installHook("pre-receive", `touch ${world.folder}/pushing; sleep 1.5`);
  const healthPort = await freePort();
  const { child, url, exit } = await startProcess(t, { ...world.env, HEALTH_PORT: String(healthPort) });
  const ports = [url, `http://127.0.0.1:${healthPort}`];
  for (const at of ports) await eventually(async () => (await fetch(`${at}/ready`)).status === 200, "it is ready");
  const answer = fetch(`${url}/reconcile`).then((response) => response.json());
  await waitForFile(`${world.folder}/pushing`);
  child.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 100));
  const late = await fetch(`${url}/reconcile`);
  assert.equal(late.status, 503);
  assert.match(((await late.json()) as { error: string }).error, /shutting down/);
  for (const at of ports) assert.deepEqual([(await fetch(`${at}/ready`)).status, (await fetch(`${at}/health`)).status], [503, 200]);
  assert.equal(await exit, 0);
  const [entry] = (await answer) as { action: string }[];
  assert.equal(entry?.action, "patched");
  assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(`team/shop:${await app.tip()} `));
});

// P7, F17-F18
test("SIGTERM while one Deployment waits for its build and another for a silent host: exit 0 at once, nothing pushed", async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  const image = `${world.registry.host}/team/shop`;
  const manifests = await world.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `${image}:${OLD}`) });
  const app = await world.repository("team/shop.git", { "index.html": "1" });
  world.secret("gitops-operator", "regcred", { ".dockerconfigjson": '{"auths":{}}' });
  world.secret("gitops-operator", "github", { "github-token": "ghp_canary0123456789canary0123456789ab" });
  world.ci.setRuns("team/shop", (await app.tip()) ?? "", [{ status: "in_progress" }]);
  world.deploy({ name: "shop", annotations: { github_token_secret_name: "github" } });
  const { port } = await startSilentHost(t, world.env);
  world.deploy({ name: "silent", annotations: { app_repository: `ssh://git@127.0.0.1:${port}/silent.git` } });
  const { child, url, exit } = await startProcess(t, { ...world.env, RECONCILE_TIMEOUT_SECONDS: "1", IMAGE_WAIT_INITIAL_SECONDS: "60" });
  let entries: { action: string; message: string }[] = [];
  await eventually(async () => {
    entries = (await (await fetch(`${url}/reconcile`)).json()) as typeof entries;
    return /^:hourglass: Build running .* retrying in 60s/.test(entries[0]?.message ?? "");
  });
  assert.deepEqual(new Set(entries.map(({ action }) => action)), new Set(["waiting"]));
  world.registry.put("team/shop", (await app.tip()) ?? "");
  child.kill("SIGTERM");
  assert.equal(await exit, 0);
  assert.equal((await manifests.log()).length, 1);
});

// F17-F18
test("a second SIGTERM ends it at once; the repository stays sound and the next start converges", async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  const { manifests, app } = await startShop(world);
  await manifests.installHook("pre-receive", `touch ${world.folder}/pushing; while [ ! -e ${world.folder}/goOn ]; do sleep 0.02; done`);
  const first = await startProcess(t, world.env);
  void fetch(`${first.url}/reconcile`).catch(() => undefined);
  await waitForFile(`${world.folder}/pushing`);
  first.child.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 50));
  first.child.kill("SIGTERM");
  await first.exit;
  // The push has not ended yet, and ends now.
  await writeFile(`${world.folder}/goOn`, "");
  const second = await startProcess(t, world.env);
  const [entry] = (await (await fetch(`${second.url}/reconcile`)).json()) as { to_sha: string; status: string }[];
  assert.deepEqual([entry?.status, entry?.to_sha], ["success", await app.tip()]);
  assert.equal((await manifests.log()).length, 2);
  await manifests.fsck();
});

// F15-F16
test("SIGKILL in the middle of a push: the next start converges with one commit and cleans up after the dead", async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  const { manifests, app } = await startShop(world);
  await manifests.installHook("pre-receive", `touch ${world.folder}/pushing; sleep 0.5`);
  const first = await startProcess(t, world.env);
  void fetch(`${first.url}/reconcile`).catch(() => undefined);
  await waitForFile(`${world.folder}/pushing`);
  first.child.kill("SIGKILL");
  await first.exit;
  const second = await startProcess(t, world.env);
  const [entry] = (await (await fetch(`${second.url}/reconcile`)).json()) as { to_sha: string; status: string }[];
  assert.deepEqual([entry?.status, entry?.to_sha], ["success", await app.tip()]);
  assert.equal((await manifests.log()).length, 2);
  await manifests.fsck();
});

// P8
test("before the first list: alive but 503, then ready; after the API server is gone the cache serves on", async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  const { app, manifests } = await startShop(world);
  const recover = world.cluster.faults.answer(503);
  const { url } = await startProcess(t, { ...world.env, RECONCILE_TIMEOUT_SECONDS: "1" });
  assert.deepEqual(await (await fetch(`${url}/health`)).json(), { status: "starting", tracked_deployments: 0 });
  assert.equal((await fetch(`${url}/reconcile`)).status, 503);
  for (const accept of ["text/plain", "text/html"]) {
    const text = await (await fetch(`${url}/status`, { headers: { accept } })).text();
    assert.match(
      text,
      /The Kubernetes API server has not given its Deployments yet; see the operator(?:'|&#39;)s log for the reason\./,
      accept,
    );
    assert.doesNotMatch(text, /No deployments/, accept);
  }
  /** Answers come after a second here, and on a slow machine the work goes on behind them. */
  const isAt = async (sha: string | undefined) => {
    const response = await fetch(`${url}/reconcile`);
    const entries = response.status === 200 ? ((await response.json()) as { to_sha: string; status: string }[]) : [];
    return entries.length === 1 && entries[0]?.status === "success" && entries[0].to_sha === sha;
  };
  recover();
  const first = await app.tip();
  await eventually(() => isAt(first));
  world.cluster.faults.answer(503, /deployments/);
  const second = await app.commit({ "index.html": "2" });
  await eventually(() => isAt(second));
  assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(second));
});

// S16
test("HEALTH_PORT answers /health and /ready, and nothing else", async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  await startShop(world);
  const recover = world.cluster.faults.answer(503);
  const healthPort = await freePort();
  const { url } = await startProcess(t, { ...world.env, HEALTH_PORT: String(healthPort) });
  const health = `http://127.0.0.1:${healthPort}`;
  const statusOf = async (address: string) => (await fetch(address)).status;
  for (const at of [url, health]) {
    assert.equal(await statusOf(`${at}/health`), 200);
    assert.equal(await statusOf(`${at}/ready`), 503);
  }
  recover();
  await eventually(async () => (await statusOf(`${health}/ready`)) === 200);
  assert.deepEqual(await (await fetch(`${url}/ready`)).json(), { status: "ready" });
  for (const path of ["/reconcile", "/status", "/debug", "/metrics"]) assert.equal(await statusOf(health + path), 404, path);
});

test("the timer works without calls", async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  const { manifests, app } = await startShop(world);
  await startProcess(t, { ...world.env, RECONCILE_INTERVAL_SECONDS: "1" });
  const sha = await app.tip();
  await eventually(async () => (await manifests.read("shop/deployment.yaml")).includes(`${sha}`), "the timer never pushed");
});

function waitForFile(path: string): Promise<void> {
  return eventually(() => existsSync(path), `${path} never appeared`);
}
