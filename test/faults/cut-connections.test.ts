/** Connections to the manifests' host that break at every byte offset of a pass (F2-F5): what is answered is what the remote holds. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { OLD, startStage } from "../e2e/stage.ts";
import { eventually } from "../eventually.ts";
import { type Lane, sweepConnections } from "./connection-sweep.ts";
import { startProxiedGit } from "./proxied-git.ts";
import { assertSound } from "./soundness.ts";

/** Less than git hosts are waited for: what ends a stall is how often nothing came, not how long each time was. */
const KEEPALIVE_MS = process.env.EVERY_FAULT ? 2_000 : 300;

/**
 * Between two faults of one kind: about half more than a side sends at a time, which is 190 bytes on average. Of a packet of SSH that is cut nothing can be read,
 * for its check is at its end: wherever in it the connection breaks, both sides know the same. And of resets, closes and half-closes together one comes every 93 bytes.
 */
const STEP_BYTES = 280;

/** Faults at once: what waits costs nothing. */
const LANES = process.env.EVERY_FAULT ? 16 : 2;

// P3, F2, F3-F5
test("the git host's connection broken after any byte: the answer is what the remote holds, the next pass needs no help", async (t) => {
  const stage = await startStage(t, { env: { CONCURRENCY: "64" }, operator: { patience: { ssh: { keepaliveMs: KEEPALIVE_MS } } } });
  const lanes: Lane[] = [];
  for (let index = 0; index < LANES; index++) {
    const name = `lane-${index}`;
    const { proxy, through } = await startProxiedGit(t, stage);
    const files = { [`${name}/deployment.yaml`]: manifestOf(name, `team/${name}:${OLD}`) };
    const manifests = await stage.repository(`team/${name}-manifests.git`, files);
    const app = await stage.repository(`team/${name}.git`, { "index.html": "0" });
    await stage.deploy({ name, annotations: { manifest_repository: through(`team/${name}-manifests.git`) } });
    lanes.push({ name, proxy, manifests, change: (text) => app.commit({ "index.html": text }) });
  }
  await sweepConnections(t, stage, {
    lanes,
    stepBytes: {
      ...{ reset: STEP_BYTES, close: STEP_BYTES, "half-close": STEP_BYTES, stall: 2 * STEP_BYTES },
      ...{ throttle: 1024, delay: 1024 },
    },
    // By the third silence, or as late as a busy machine sees it; test/adapters/ssh tells the difference.
    stallMs: 8 * KEEPALIVE_MS,
    failure: /^Failed to (patch deployment|commit changes for) lane-.*127\.0\.0\.1/,
  });
});

// F3-F5
test("cut while the server still decides on the push: it is made again, whichever the server takes first, one commit", async (t) => {
  const stage = await startStage(t);
  const { proxy, through } = await startProxiedGit(t, stage);
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const app = await stage.repository("team/shop.git", { "index.html": "0" });
  await stage.deploy({ name: "shop", annotations: { manifest_repository: through("team/manifests.git") } });
  const begin = (await manifests.tip()) ?? "";
  const deciding = join(stage.folder, "deciding");
  await manifests.installHook("pre-receive", `if [ ! -e ${deciding} ]; then touch ${deciding}; sleep 1; fi`);
  const running = stage.reconcileOne("shop");
  await eventually(async () => (await readdir(stage.folder)).includes("deciding"));
  proxy.cutAll();
  const entry = await running;
  assert.deepEqual([entry.status, entry.to_sha], ["success", await app.tip()], entry.message);
  // Time for the first push to do what it may still do.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  assert.equal(await assertSound(manifests, { contains: begin }), 1);
});
