import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { OLD, type Stage, startStage } from "../e2e/stage.ts";
import { createTestClock } from "../e2e/test-clock.ts";

async function pushCount(stage: Stage): Promise<number> {
  return (await stage.gitHost.execs()).filter(({ service }) => service === "git-receive-pack").length;
}

// S17, F6
test("refused pushes come again ever later, and spoil nobody's: two culprits, others that move on, a hook that is mended", async (t) => {
  const clock = createTestClock();
  const stage = await startStage(t, { operator: { clock } });
  const names = ["bad-1", "bad-2", "good-1", "good-2"];
  const files = Object.fromEntries(names.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `team/${name}:${OLD}`)]));
  const manifests = await stage.repository("team/manifests.git", files);
  const freeze = `while read old new ref; do if git diff --name-only $old $new | grep -q bad; then echo "frozen" >&2; exit 1; fi; done`;
  await manifests.installHook("pre-receive", freeze);
  const apps = await Promise.all(names.map((name) => stage.repository(`team/${name}.git`, { name })));
  for (const name of names) await stage.deploy({ name });
  /** The actions in the order of the names, and how many pushes the pass cost. */
  const pass = async () => {
    const before = await pushCount(stage);
    const entries = await stage.reconcile();
    return { entries, actions: entries.map(({ action }) => action).join(" "), pushes: (await pushCount(stage)) - before };
  };

  const first = await pass();
  assert.deepEqual([first.actions, first.pushes], ["failed failed patched patched", 5], "together, then each alone");
  await apps[2]?.commit({ name: "2" });
  await apps[3]?.commit({ name: "2" });
  const second = await pass();
  assert.deepEqual(
    [second.actions, second.pushes],
    ["failed failed patched patched", 4],
    "the good in one push, the bad in one and then alone",
  );
  const third = await pass();
  assert.deepEqual([third.actions, third.pushes], ["failed failed up_to_date up_to_date", 0]);
  assert.match(
    third.entries[0]?.message ?? "",
    /^Failed to commit changes for bad-1 .*frozen.* \(failed 2 times, tried again in 10 s, or at once for another commit or other annotations\)$/,
  );

  clock.advance(10_000);
  assert.equal((await pass()).pushes, 3, "both again, in one push and then alone");
  clock.advance(10_000);
  assert.equal((await pass()).pushes, 0, "the third failure is held for 20 s");

  await manifests.installHook("pre-receive", "exit 0");
  await apps[0]?.commit({ name: "2" });
  assert.equal((await pass()).actions, "patched failed up_to_date up_to_date", "another commit is tried at once");
  clock.advance(10_000);
  const last = await pass();
  assert.deepEqual([last.actions, last.pushes], ["up_to_date patched up_to_date up_to_date", 1]);
  assert.equal((await manifests.log()).length, 1 + 4 + 2);
  await manifests.fsck();
});

// S17
test("a manifests repository over the limit is not downloaded in vain at every pass", async (t) => {
  const clock = createTestClock();
  const stage = await startStage(t, { env: { MAX_REPO_MB: "1" }, operator: { clock } });
  const large = randomBytes(3 * 2 ** 20).toString("latin1");
  await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`), large });
  await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "shop" });
  const downloads = async () =>
    (await stage.gitHost.execs()).filter(({ service, path }) => service === "git-upload-pack" && /manifests/.test(path)).length;
  for (const [index, expected] of [1, 2, 2, 2].entries()) {
    const entry = await stage.reconcileOne("shop");
    assert.match(entry.message, /^Failed to patch deployment shop .* sent more than 1 MiB; raise MAX_REPO_MB/, `pass ${index}`);
    assert.equal(await downloads(), expected, `pass ${index}`);
  }
  clock.advance(10_000);
  await stage.reconcileOne("shop");
  assert.equal(await downloads(), 3);
});

// S17
test("an application repository whose listing is over the limit is not asked in vain at every pass, and other annotations are tried at once", async (t) => {
  const clock = createTestClock();
  const stage = await startStage(t, { env: { MAX_REPO_MB: "1" }, operator: { clock } });
  await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  const tip = await app.tip();
  const refs = Array.from({ length: 12_000 }, (_, i) => `${tip} refs/heads/master-${String(i).padStart(60, "0")}\n`);
  await writeFile(join(app.directory, "packed-refs"), `# pack-refs with: peeled fully-peeled sorted \n${refs.join("")}`);
  await stage.deploy({ name: "shop" });
  const asked = async () =>
    (await stage.gitHost.execs()).filter(({ service, path }) => service === "git-upload-pack" && /shop/.test(path)).length;
  for (const [index, expected] of [1, 2, 2, 2].entries()) {
    const entry = await stage.reconcileOne("shop");
    assert.match(entry.message, /^Failed to get latest SHA: .* sent more than 1 MiB; raise MAX_REPO_MB/, `pass ${index}`);
    assert.equal(await asked(), expected, `pass ${index}`);
  }
  clock.advance(10_000);
  await stage.reconcileOne("shop");
  assert.equal(await asked(), 3);
  await stage.deploy({ name: "shop", annotations: { observe_branch: "master" } });
  await stage.reconcileOne("shop");
  assert.equal(await asked(), 4);
});
