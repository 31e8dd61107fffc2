/** A cluster that falls silent for longer than 5 minutes (F28-F33), and clocks that jump (F42). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { OLD, type Stage, startStage } from "../e2e/stage.ts";
import { eventually } from "../eventually.ts";
import { moveTime, moveWallClock } from "./moved-clocks.ts";
import { startProxiedGit } from "./proxied-git.ts";
import { assertSound } from "./soundness.ts";

const MINUTE_MS = 60_000;
const YEAR_MS = 365 * 24 * 60 * MINUTE_MS;

async function startShop(stage: Stage) {
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const app = await stage.repository("team/shop.git", { "index.html": "0" });
  await stage.deploy({ name: "shop" });
  return { manifests, app, begin: (await manifests.tip()) ?? "" };
}

const SILENT = "keeps the watch open and says nothing";

const deploymentRequests = ({ cluster }: Stage) => cluster.requests.filter(({ path }) => path.includes("/deployments")).length;

/** What goes wrong with the watch, and how it ends. Secrets can be read meanwhile, so that nothing but the age of the cache holds a push back. */
const silences: readonly [what: string, begin: (stage: Stage) => () => void][] = [
  ...[401, 403, 500].map((code): [string, (stage: Stage) => () => void] => [
    `answers ${code}`,
    ({ cluster: { faults } }) => {
      const end = faults.answer(code, /\/deployments/);
      faults.endWatches();
      return end;
    },
  ]),
  [
    SILENT,
    ({ cluster: { faults } }) => {
      faults.silenceWatches();
      return () => faults.resetConnections();
    },
  ],
  [
    "sends lines that are no JSON",
    ({ cluster: { faults } }) => {
      faults.sendToWatches("{broken");
      const end = faults.hang(/\/deployments/);
      return () => {
        end();
        faults.resetConnections();
      };
    },
  ],
];

for (const [what, silence] of silences) {
  // P8, F28-F33
  test(`an API server that ${what} for over 5 minutes: nothing is pushed; then deletes are seen and the push follows`, async (t) => {
    const time = moveTime(t);
    const stage = await startStage(t);
    const { manifests, app, begin } = await startShop(stage);
    await stage.deploy({ name: "gone", annotations: { enabled: "false" } });
    assert.equal((await stage.reconcileOne("shop")).action, "patched");
    const asked = deploymentRequests(stage);
    const end = silence(stage);
    // The end of a watch is a sign of life: the clock moves on once the operator has heard it and asks again.
    for (let tries = 0; what !== SILENT && deploymentRequests(stage) === asked; tries++) {
      assert.ok(tries < 500, "the operator did not ask again");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    stage.cluster.delete("Deployment", "default", "gone");
    // Four minutes are not too long; the cache serves on.
    time.advance(4 * MINUTE_MS);
    await app.commit({ "index.html": "early" });
    assert.equal((await stage.reconcileOne("shop")).action, "patched");
    time.advance(2 * MINUTE_MS);
    const tip = await manifests.tip();
    const sha = await app.commit({ "index.html": "late" });
    const entry = await stage.reconcileOne("shop");
    assert.deepEqual([entry.action, entry.to_sha], ["failed", sha]);
    assert.match(entry.message, /nothing was pushed: the Kubernetes API server has not been heard for 6 minutes/);
    assert.equal(await manifests.tip(), tip);
    assert.equal((await fetch(`${stage.url}/health`)).status, 200);
    end();
    let entries = await stage.reconcile();
    await eventually(async () => {
      if (entries.length === 1 && entries[0]?.action !== "failed") return true;
      entries = await stage.reconcile();
      return false;
    });
    assert.deepEqual([entries[0]?.status, entries[0]?.to_sha], ["success", sha]);
    assert.equal(await assertSound(manifests, { contains: begin }), 3);
  });
}

// F28-F33
test("an API server that is down for 6 minutes, Secrets included: nothing is pushed, and it is made up for", async (t) => {
  const time = moveTime(t);
  const stage = await startStage(t);
  const { manifests, app } = await startShop(stage);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  await stage.cluster.faults.goDown();
  time.advance(6 * MINUTE_MS);
  const sha = await app.commit({ "index.html": "1" });
  const entry = await stage.reconcileOne("shop");
  assert.deepEqual([entry.action, (await manifests.log()).length], ["failed", 2], entry.message);
  await stage.cluster.faults.recover();
  await eventually(async () => (await stage.reconcileOne("shop")).status === "success");
  assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(`team/shop:${sha} `));
});

for (const [what, offsetMs] of [
  ["forward by a year", YEAR_MS],
  ["back by a year", -YEAR_MS],
] as const) {
  // F42
  test(`the wall clock jumps ${what} in the middle of a push: one commit, no deadline runs out, the cache is not taken for stale`, async (t) => {
    const wall = moveWallClock(t);
    const stage = await startStage(t, { env: { RECONCILE_TIMEOUT_SECONDS: "2" } });
    const { manifests, app, begin } = await startShop(stage);
    await manifests.installHook("pre-receive", "sleep 0.4");
    /** On a busy machine the answer may be due before its run has ended. */
    const end = async (running = stage.reconcileOne("shop")) => {
      let entry = await running;
      while (entry.status === "pending") entry = await stage.reconcileOne("shop");
      assert.equal(entry.status, "success", entry.message);
      return entry;
    };
    const running = stage.reconcileOne("shop");
    setTimeout(() => wall.jumpTo(offsetMs), 300);
    await end(running);
    const sha = await app.commit({ "index.html": "1" });
    assert.equal((await end()).to_sha, sha);
    assert.equal((await end()).action, "up_to_date");
    assert.equal(await assertSound(manifests, { contains: begin }), 2);

    // The answer's own deadline: neither at once nor never, which would be the end of the host's time and a failure.
    const { proxy, through } = await startProxiedGit(t, stage);
    proxy.onServerData = () => "hold";
    await stage.deploy({ name: "shop", annotations: { app_repository: through("team/shop.git") } });
    const startedAt = performance.now();
    setTimeout(() => wall.jumpTo(0), 500);
    assert.equal((await stage.reconcileOne("shop")).action, "waiting");
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs > 1_900, `${tookMs} ms`);
  });
}
