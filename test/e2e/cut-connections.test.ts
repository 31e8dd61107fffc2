/** Connections to the manifests' host that break at every byte offset of a pass (F3-F5): what is answered is what the remote holds. */
import assert from "node:assert/strict";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import type { Side, TcpFault } from "../tcp-proxy.ts";
import { startProxiedGit } from "./proxied-git.ts";
import { assertSound, sampled } from "./soundness.ts";
import { OLD, startStage } from "./stage.ts";

/** Bytes between two points of a sweep. */
const STEP = 48;
const POINTS_IN_CI = 5;

for (const how of sampled(["reset", "close", "half-close"] as const, 2)) {
  for (const side of ["server", "client"] as const) {
    test(`${how} after any byte of the ${side}: the answer is what the remote holds, the next pass needs no help`, async (t) => {
      const stage = await startStage(t);
      const { proxy, through } = await startProxiedGit(t, stage);
      const files = { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) };
      const manifests = await stage.repository("team/manifests.git", files);
      const app = await stage.repository("team/shop.git", { "index.html": "0" });
      await stage.deploy({ name: "shop", annotations: { manifest_repository: through("team/manifests.git") } });
      const begin = (await manifests.tip()) ?? "";
      const work = stage.env.WORK_DIR as string;
      let round = 0;

      /** One pass over a new connection that fetches and pushes, on a copy that is there or has to be cloned. */
      async function pass(fault?: TcpFault) {
        round += 1;
        proxy.cutAll();
        if (round % 2 === 0) await removeCopies(work);
        await manifests.commit({ theirs: `${round}` });
        const sha = await app.commit({ "index.html": `${round}` });
        const injected = fault && proxy.inject(fault);
        const entry = await stage.reconcileOne("shop");
        injected?.disarm();
        return { entry, sha, injected };
      }

      const most: Record<Side, number> = { server: 0, client: 0 };
      for (const _ of ["forward", "clone"]) {
        assert.equal((await pass()).entry.action, "patched");
        for (const each of ["server", "client"] as const) most[each] = Math.max(most[each], proxy.passed[each]);
      }
      const offsets = Array.from({ length: Math.ceil(most[side] / STEP) + 1 }, (_, i) => Math.min(i * STEP, most[side] - 1));
      const counts = { happened: 0, patched: 0, failed: 0 };
      for (const afterBytes of sampled(offsets, POINTS_IN_CI)) {
        const { entry, sha, injected } = await pass({ side, afterBytes, how });
        const inTime = injected?.happened ?? false;
        const at = `${how} after ${afterBytes} of ${most[side]} bytes of the ${side}: ${entry.action}: ${entry.message}`;
        const landed = (await manifests.read("shop/deployment.yaml")).includes(sha);
        assert.equal(entry.status === "success", landed, at);
        if (entry.action === "failed")
          assert.match(entry.message, /^Failed to (patch deployment|commit changes for) shop .*127\.0\.0\.1/, at);
        counts.happened += inTime ? 1 : 0;
        counts[entry.status === "success" ? "patched" : "failed"] += 1;
        let again = await stage.reconcileOne("shop");
        // The last bytes of a connection pass after the answer: that fault struck the pass after it.
        if (!inTime && injected?.happened && again.status !== "success") again = await stage.reconcileOne("shop");
        assert.deepEqual([again.status, again.to_sha], ["success", sha], `${at}; then ${again.message}`);
        assert.equal(await assertSound(manifests, { contains: begin }), round, at);
      }
      t.diagnostic(`${how}, ${side}: ${JSON.stringify(counts)}`);
      assert.ok(counts.happened >= 3, "the faults happened");
      assert.ok(proxy.open <= 2, `${proxy.open} connections are left`);
    });
  }
}

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
  while (!(await readdir(stage.folder)).includes("deciding")) await new Promise((resolve) => setTimeout(resolve, 5));
  proxy.cutAll();
  const entry = await running;
  assert.deepEqual([entry.status, entry.to_sha], ["success", await app.tip()], entry.message);
  // Time for the first push to do what it may still do.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  assert.equal(await assertSound(manifests, { contains: begin }), 1);
});

async function removeCopies(work: string): Promise<void> {
  for (const run of await readdir(work).catch(() => [])) {
    for (const copy of await readdir(join(work, run))) await rm(join(work, run, copy), { recursive: true, force: true });
  }
}
