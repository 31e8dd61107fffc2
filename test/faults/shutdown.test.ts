import assert from "node:assert/strict";
import { appendFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { deployShop, type Stage, startStage } from "../e2e/stage.ts";
import { eventually } from "../eventually.ts";
import { startSilentHost } from "../silent-host.ts";
import { startTcpProxy } from "../tcp-proxy.ts";

/** In production 20 s for the acknowledgement, 35 s with asking the remote what became of the push. */
const grace = { acknowledgeMs: 400, askMs: 1_200 };

/** Blocks pushes until the release; `pushing` is there once one has come. */
async function blockPushes(stage: Stage, manifests: Awaited<ReturnType<Stage["repository"]>>): Promise<() => Promise<void>> {
  const [pushing, go] = [join(stage.folder, "pushing"), join(stage.folder, "go")];
  await manifests.installHook(
    "pre-receive",
    `touch '${pushing}'; n=0; while [ ! -e '${go}' ] && [ $n -lt 200 ]; do n=$((n+1)); sleep 0.05; done`,
  );
  return () => writeFile(go, "");
}

async function closeWithin(stage: Stage, ms: number): Promise<void> {
  const startedAt = performance.now();
  await stage.operator.close();
  const took = performance.now() - startedAt;
  assert.ok(took < ms, `closing took ${Math.round(took)} ms`);
}

// P7, F17-F18
test("a hook that hangs during the stop: the wait is bounded, the answer does not claim to know, and the next start converges", async (t) => {
  const stage = await startStage(t, { operator: { patience: { git: { grace } } } });
  const { manifests, app } = await deployShop(stage);
  const release = await blockPushes(stage, manifests);
  const answer = stage.reconcileOne("shop");
  await eventually(async () => (await readdir(stage.folder)).includes("pushing"));
  await closeWithin(stage, 8_000);
  const entry = await answer;
  assert.equal(entry.action, "failed");
  assert.match(
    entry.message,
    /^Failed to commit changes for shop .* had not acknowledged the push when the operator had to stop; the next start/,
  );
  assert.doesNotMatch(entry.message, /nothing was pushed/);
  await release();
  await eventually(async () => (await manifests.log()).length === 2);
  assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(`team/shop:${await app.tip()} `));
});

// P7, F17-F18
test("an acknowledgement that is lost during the stop: the remote is asked, and the answer is patched", async (t) => {
  const stage = await startStage(t, {
    operator: { patience: { ssh: { keepaliveMs: 100 }, git: { grace: { acknowledgeMs: 2_000, askMs: 3_000 } } } },
  });
  const { port } = stage.gitHost;
  const proxy = await startTcpProxy(t, port);
  await appendFile(stage.env.SSH_KNOWN_HOSTS as string, stage.gitHost.knownHosts.replaceAll(`:${port} `, `:${proxy.port} `));
  const url = stage.gitHost.url("team/manifests.git").replace(`:${port}`, `:${proxy.port}`);
  const { manifests } = await deployShop(stage, { manifest_repository: url });
  const release = await blockPushes(stage, manifests);
  const answer = stage.reconcileOne("shop");
  await eventually(async () => (await readdir(stage.folder)).includes("pushing"));
  // What the server says on this connection is lost; the next connection works.
  const lost = proxy.connections;
  proxy.onServerData = () => (proxy.connections > lost ? "pass" : "hold");
  const closed = closeWithin(stage, 8_000);
  await release();
  await closed;
  const entry = await answer;
  assert.equal(entry.action, "patched", entry.message);
  assert.equal((await manifests.log()).length, 2);
});

// P7, F17-F18
test("a host that falls silent before anything was sent: the stop is prompt and nothing is pushed", async (t) => {
  const stage = await startStage(t, { operator: { patience: { git: { grace } } } });
  const { port } = stage.gitHost;
  const proxy = await startTcpProxy(t, port);
  await appendFile(stage.env.SSH_KNOWN_HOSTS as string, stage.gitHost.knownHosts.replaceAll(`:${port} `, `:${proxy.port} `));
  const url = stage.gitHost.url("team/manifests.git").replace(`:${port}`, `:${proxy.port}`);
  const { manifests } = await deployShop(stage, { manifest_repository: url });
  const silent = await startSilentHost(t, stage.env);
  const app = { app_repository: `ssh://git@127.0.0.1:${silent.port}/silent.git`, manifest_repository: url };
  // Undecided on the same branch, so the push is held back for 2 s.
  await stage.deploy({ name: "silent", annotations: app });
  const answer = stage.reconcile();
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  proxy.onServerData = () => "hold";
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await closeWithin(stage, 8_000);
  const entry = (await answer).find(({ deployment }) => deployment === "shop");
  assert.equal(entry?.action, "failed");
  assert.match(entry.message, /shutting down/);
  assert.equal((await manifests.log()).length, 1);
});
