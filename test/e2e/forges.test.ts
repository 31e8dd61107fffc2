/** The main job over servers that are not git's own. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startGitHost } from "../../sandbox/git-host.ts";
import { type GitProfile, gitProfiles } from "../../sandbox/git-profiles.ts";
import { startHttpsGitHost } from "../../sandbox/https-git-host.ts";
import type { WorldOptions } from "../../sandbox/world.ts";
import { deployShop, type Stage, startStage } from "./stage.ts";

/** The shop's last action, and what the forge refused. */
async function reconcile(stage: Stage): Promise<string> {
  const { action, message } = await stage.reconcileOne("shop");
  return action === "failed" ? message : action;
}

/** In an `update` hook, which has the ref, the old and the new commit: another's push lands before ours. */
const theirs = `git update-ref "$1" "$(git commit-tree -p "$2" -m Theirs "$2^{tree}")"`;
const atAzureDevOps: typeof startGitHost = (options) => startGitHost({ ...options, profile: gitProfiles.azureDevOps });

test("a race lost at Azure DevOps, told by TF401028, is run again on top of the other's commit", async (t) => {
  const stage = await startStage(t, { startHost: atAzureDevOps });
  const { manifests } = await deployShop(stage);
  await manifests.installHook("update", `test -e raced || { touch raced; ${theirs}; }`);
  assert.equal(await reconcile(stage), "patched");
  assert.deepEqual(
    (await manifests.log()).map(({ subject }) => subject),
    ["chore(refs): gitops-operator updating image tags", "Theirs", "Initial commit"],
  );
  assert.match(await stage.text("/metrics"), /gitops_operator_push_races_total 1\b/);
  await manifests.fsck();
});

test("a host that refuses while others push is asked five times, then its words are told; when the others rest it is refused at once, and no commit of ours is there", async (t) => {
  const stage = await startStage(t, { startHost: atAzureDevOps });
  const { manifests } = await deployShop(stage);
  await manifests.installHook("update", `test -e resting || ${theirs}; echo "frozen until Monday" >&2; exit 1`);
  assert.match(await reconcile(stage), /others pushed to .* first, 5 times in a row \(it said: hook declined \(frozen until Monday/);
  assert.equal((await manifests.log()).length, 6);
  await writeFile(join(manifests.directory, "resting"), "");
  assert.match(await reconcile(stage), /refused the push to 'master': hook declined \(frozen until Monday/);
  const log = await manifests.log();
  assert.deepEqual([...new Set(log.map(({ subject }) => subject))], ["Theirs", "Initial commit"]);
  const pushes = (await stage.gitHost.execs()).filter(({ service }) => service === "git-receive-pack");
  assert.equal(pushes.length, 6);
});

for (const [name, profile] of Object.entries<GitProfile>(gitProfiles)) {
  // Over https in the one that the server speaks.
  const ways = [
    ["ssh", 0],
    ["ssh", 2],
    ["https", profile.fetchV2 ? 2 : 0],
  ] as const;
  for (const [way, protocol] of ways) {
    test(`${name} over ${way}, asked in protocol ${protocol}: patched, up to date, and patched on top of another's commit; nothing is asked for that was not offered`, async (t) => {
      const refusals: string[] = [];
      const onRefusal = (problem: string) => void refusals.push(problem);
      const startHost: WorldOptions["startHost"] = (options) => {
        const picky = { ...options, profile, onRefusal, acceptEnv: protocol === 2 };
        return way === "https" ? startHttpsGitHost(picky) : startGitHost(picky);
      };
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
