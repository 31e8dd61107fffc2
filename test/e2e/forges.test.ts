/** The main job over servers that are not git's own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startGitHost } from "../../sandbox/git-host.ts";
import { type GitProfile, gitProfiles } from "../../sandbox/picky-git.ts";
import { deployShop, type Stage, startStage } from "./stage.ts";

/** The shop's last action, and what the forge refused. */
async function reconcile(stage: Stage): Promise<string> {
  const { action, message } = await stage.reconcileOne("shop");
  return action === "failed" ? message : action;
}

for (const [name, profile] of Object.entries<GitProfile>(gitProfiles)) {
  for (const protocol of [0, 2] as const) {
    test(`${name}, asked in protocol ${protocol}: patched, up to date, and patched on top of another's commit; nothing is asked for that was not offered`, async (t) => {
      const refusals: string[] = [];
      const onRefusal = (problem: string) => void refusals.push(problem);
      const startHost: typeof startGitHost = (options) => startGitHost({ ...options, profile, onRefusal, acceptEnv: protocol === 2 });
      const stage = await startStage(t, { startHost });
      const { manifests, app } = await deployShop(stage);
      assert.equal(await reconcile(stage), "patched", refusals.join());
      assert.equal(await reconcile(stage), "up_to_date");
      await manifests.commit({ "other.txt": "another's\n" });
      const sha = await app.commit({ "index.html": "2" });
      assert.equal(await reconcile(stage), "patched");
      assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(`team/shop:${sha}`));
      assert.equal((await manifests.log()).length, 4);
      await manifests.fsck();
      assert.deepEqual(refusals, []);
      const asked = new Set((await stage.gitHost.execs()).map((exec) => exec.protocol));
      assert.deepEqual([...asked].sort(), protocol === 2 ? ["version=2", undefined] : [undefined]);
    });
  }
}
