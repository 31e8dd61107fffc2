import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import type { BareRepository } from "../../sandbox/bare-repository.ts";
import { git } from "../../sandbox/git-process.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { deployShop, OLD, type Stage, startStage } from "./stage.ts";

const PATH = "shop/deployment.yaml";

/** Deployment `shop`, patched to the application's commit. */
async function startPatched(t: TestContext, annotations: Record<string, string> = {}) {
  const stage = await startStage(t);
  const { manifests, app } = await deployShop(stage, annotations);
  const first = (await app.tip()) ?? "";
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  return { stage, manifests, app, first };
}

const tagOf = async (manifests: BareRepository, path = PATH) => /image: [^:]+:(\S+)/.exec(await manifests.read(path))?.[1];

/** As a person does it who has a clone: `work` in it, and a push. */
async function inClone(stage: Stage, { directory, branch }: BareRepository, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = `${stage.folder}/clone-${Math.random()}`;
  await git(directory, ["clone", "--quiet", "--branch", branch, directory, folder]);
  await work(folder);
  await git(folder, ["push", "--quiet", "origin", `HEAD:${branch}`]);
}

const revert = (stage: Stage, manifests: BareRepository, commit = "HEAD") =>
  inClone(stage, manifests, async (folder) => void (await git(folder, ["revert", "--no-edit", commit])));

async function setTag(manifests: BareRepository, tag: string, path = PATH): Promise<void> {
  const text = await manifests.read(path);
  await manifests.commit({ [path]: text.replace(/(image: [^:]+:)\S+/, `$1${tag}`) }, { message: `Set ${tag} by hand` });
}

/** The next pass leaves the file alone, and says so. */
async function assertHeld(
  stage: Stage,
  manifests: BareRepository,
  { from, to, name = "shop" }: { from: string; to: string; name?: string },
) {
  const tip = await manifests.tip();
  const { message, ...entry } = await stage.reconcileOne(name);
  assert.deepEqual(entry, { deployment: name, namespace: "default", action: "skipped", from_sha: from, to_sha: to, status: "skipped" });
  assert.match(
    message,
    new RegExp(`^Deployment ${name} stays at ${from}: the operator wrote ${to} in [0-9a-f]{7}, which was taken back since; `),
  );
  assert.equal(await manifests.tip(), tip, "nothing was pushed");
}

// P2
test("git revert in the manifests is held, and seen everywhere; the next application commit ends it", async (t) => {
  const { stage, manifests, app, first } = await startPatched(t);
  const commit = (await manifests.tip()) ?? "";
  await revert(stage, manifests);
  await assertHeld(stage, manifests, { from: OLD, to: first });
  await assertHeld(stage, manifests, { from: OLD, to: first });
  assert.match(
    await stage.text("/status"),
    new RegExp(`default/shop: \\S+ held: Deployment shop stays at ${OLD}: .* in ${commit.slice(0, 7)},`),
  );
  assert.match(await stage.text("/metrics"), /gitops_operator_held\{namespace="default",deployment="shop"\} 1\n/);
  assert.match(await stage.text("/metrics"), /\ngitops_operator_rollbacks_total 1\n/);
  const second = await app.commit({ "index.html": "2" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.equal(await tagOf(manifests), second);
  assert.match(await stage.text("/metrics"), /gitops_operator_held\{namespace="default",deployment="shop"\} 0\n/);
});

test("an older tag, or a hotfix that is no commit of the application, set by hand is held; put back by hand it is up to date", async (t) => {
  const { stage, manifests, first } = await startPatched(t);
  for (const tag of ["1.2.3-hotfix", OLD]) {
    await setTag(manifests, tag);
    await assertHeld(stage, manifests, { from: tag, to: first });
  }
  await setTag(manifests, first);
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
});

test("the revert of a revert is up to date, and a revert of that is held again, which is told again", async (t) => {
  const { stage, manifests, first } = await startPatched(t);
  const told = () => stage.cluster.list("Event").filter(({ reason }) => reason === "HeldBack");
  await revert(stage, manifests);
  await assertHeld(stage, manifests, { from: OLD, to: first });
  await revert(stage, manifests);
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  await revert(stage, manifests);
  await assertHeld(stage, manifests, { from: OLD, to: first });
  await eventually(() => told().length === 2);
});

test("git pull merges our commit as the second parent: what is taken back in that merge is held, also by an operator that starts then", async (t) => {
  const stage = await startStage(t);
  const { manifests, app } = await deployShop(stage);
  const first = (await app.tip()) ?? "";
  const folder = `${stage.folder}/clone`;
  await git(manifests.directory, ["clone", "--quiet", manifests.directory, folder]);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  await git(folder, ["commit", "--quiet", "--allow-empty", "--message", "Work of others"]);
  await git(folder, ["pull", "--quiet", "--no-rebase", "--strategy=ours", "--no-edit", "origin", "master"]);
  await git(folder, ["push", "--quiet", "origin", "HEAD:master"]);
  assert.equal(await tagOf(manifests), OLD);
  const [merge] = await manifests.log();
  assert.equal(merge?.parents.length, 2);
  await assertHeld(stage, manifests, { from: OLD, to: first });
});

test("after a restart what was taken back before is still held, 5,000 commits later", async (t) => {
  const { stage, manifests, first } = await startPatched(t);
  await revert(stage, manifests);
  const parent = await manifests.tip();
  const at = Math.floor(Date.now() / 1_000);
  const commits = Array.from({ length: 5_000 }, (_, index) =>
    [
      `commit refs/heads/master\ncommitter Somebody <somebody@example.com> ${at} +0000\ndata 4\nWork`,
      ...(index === 0 ? [`from ${parent}`] : []),
      `M 100644 inline other.txt\ndata ${String(index).length}\n${index}\n`,
    ].join("\n"),
  );
  await git(manifests.directory, ["fast-import", "--quiet", "--date-format=raw"], { input: commits.join("\n") });
  // A new key has a copy of its own, as a restart has.
  const key = await stage.gitHost.newKey();
  stage.secret("gitops-operator", "other-key", { "ssh-privatekey": key.privateKey });
  await stage.deploy({ name: "shop", annotations: { ssh_key_name: "other-key" } });
  await assertHeld(stage, manifests, { from: OLD, to: first });
});

test("two files of one application, and two Deployments on one file: what is taken back in one file is held there alone, for both", async (t) => {
  const stage = await startStage(t);
  const { manifests, app } = await deployShop(stage);
  const first = (await app.tip()) ?? "";
  const other = "other/deployment.yaml";
  await manifests.commit({ [other]: manifestOf("other", `team/shop:${OLD}`) });
  const same = { app_repository: stage.gitHost.url("team/shop.git"), image_name: "team/shop" };
  await stage.deploy({ name: "other", annotations: same });
  await stage.deploy({ name: "twin", annotations: { ...same, deployment_path: PATH } });
  assert.equal((await stage.reconcile()).filter(({ status }) => status === "success").length, 3);
  await setTag(manifests, OLD);
  for (const name of ["shop", "twin"]) await assertHeld(stage, manifests, { from: OLD, to: first, name });
  assert.equal((await stage.reconcileOne("other")).action, "up_to_date");
  assert.equal(await tagOf(manifests, other), first);
});

test("two clusters with a Deployment of one name, each with its own file: what one took back does not hold the other", async (t) => {
  const { stage, manifests, first } = await startPatched(t);
  await setTag(manifests, OLD);
  await manifests.commit({ "east/shop.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  await assertHeld(stage, manifests, { from: OLD, to: first });
  await stage.deploy({ name: "shop", annotations: { deployment_path: "east/shop.yaml" } });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.deepEqual([await tagOf(manifests), await tagOf(manifests, "east/shop.yaml")], [OLD, first]);
});

test("another operator's write and its revert arrive while ours is under way, and win: held at the second try", async (t) => {
  const { stage, manifests, first } = await startPatched(t);
  const [written] = await manifests.log();
  const [before = "", after = ""] = await Promise.all([manifests.read(PATH, "master~1"), manifests.read(PATH)]);
  await manifests.forceBranch("master", written?.parents[0] ?? "");
  await manifests.forceBranch("aside", written?.parents[0] ?? "");
  // Not in this second, or it would be the very commit that is made here.
  const time = Math.floor(Date.now() / 1_000) - 60;
  await manifests.commit({ [PATH]: after }, { branch: "aside", message: `${written?.subject}\n\n${written?.body}\n`, time });
  const reverted = await manifests.commit({ [PATH]: before }, { branch: "aside", message: "Revert" });
  const free = "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES";
  await manifests.installHook("pre-receive", `rm hooks/pre-receive; ${free}; git update-ref refs/heads/master ${reverted}`);
  const entry = await stage.reconcileOne("shop");
  assert.deepEqual([entry.action, entry.from_sha, entry.to_sha], ["skipped", OLD, first]);
  assert.equal(await manifests.tip(), reverted);
});

test("an acknowledgement that is cut off does not make the operator hold its own write", async (t) => {
  const stage = await startStage(t);
  const { manifests, app } = await deployShop(stage);
  const first = (await app.tip()) ?? "";
  // The branch is moved, and the server says no word of it.
  await manifests.installHook("post-receive", "rm hooks/post-receive; kill -9 $PPID");
  const { action } = await stage.reconcileOne("shop");
  assert.ok(action === "patched" || action === "up_to_date", action);
  assert.equal(await tagOf(manifests), first);
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
});

test("a container that is added later at an older tag is written", async (t) => {
  const { stage, manifests, first } = await startPatched(t);
  const text = await manifests.read(PATH);
  await manifests.commit({ [PATH]: text.replace(/( +)- name: shop\n/, `$1- { name: helper, image: "team/shop:${OLD}" }\n$&`) });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.doesNotMatch(await manifests.read(PATH), new RegExp(OLD));
  assert.equal((await manifests.read(PATH)).split(first).length, 3);
});

test("another form of tag is another write; and rollback: override writes whatever was taken back", async (t) => {
  const { stage, manifests, first } = await startPatched(t);
  await revert(stage, manifests);
  await assertHeld(stage, manifests, { from: OLD, to: first });
  await stage.deploy({ name: "shop", annotations: { tag_type: "short" } });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.equal(await tagOf(manifests), first.slice(0, 7));
  await setTag(manifests, OLD);
  await assertHeld(stage, manifests, { from: OLD, to: first.slice(0, 7) });
  await stage.deploy({ name: "shop", annotations: { tag_type: "short", rollback: "override" } });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
});

test("20 Deployments in one push look into the history together: one conversation, and none in the passes after it", async (t) => {
  const stage = await startStage(t);
  const names = Array.from({ length: 20 }, (_, index) => `shop-${index}`);
  const files = names.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `team/shop:${OLD}`)]);
  const manifests = await stage.repository("team/manifests.git", Object.fromEntries(files));
  await manifests.commit({ "other.txt": "1" });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  for (const filter of ["true", "false"]) {
    await manifests.config("uploadpack.allowFilter", filter);
    // A new key has a copy of its own.
    const key = await stage.gitHost.newKey();
    stage.secret("gitops-operator", `key-${filter}`, { "ssh-privatekey": key.privateKey });
    const annotations = { app_repository: stage.gitHost.url("team/shop.git"), image_name: "team/shop", ssh_key_name: `key-${filter}` };
    for (const name of names) await stage.deploy({ name, annotations });
    await app.commit({ "index.html": filter });
    const before = (await stage.gitHost.execs()).length;
    const asked = async () => (await stage.gitHost.execs()).slice(before).filter(({ path }) => path.includes("manifests"));
    assert.deepEqual(new Set((await stage.reconcile()).map(({ action }) => action)), new Set(["patched"]));
    const services = (await asked()).map(({ service }) => service);
    assert.equal(services.filter((service) => service === "git-receive-pack").length, 1);
    // The branch is listed and cloned, and may be listed once more for the push.
    const reading = services.length - 1;
    t.diagnostic(`filter ${filter}: ${reading} conversations to read`);
    assert.ok(reading <= 3, `${reading}`);
    for (const name of names) await setTag(manifests, OLD, `${name}/deployment.yaml`);
    await stage.reconcile();
    // What is told of the branch to people is asked for once, some seconds after a pass that met a new tip.
    await eventually(async () => {
      const fetched = (await asked()).length;
      assert.deepEqual(new Set((await stage.reconcile()).map(({ action }) => action)), new Set(["skipped"]));
      const more = (await asked()).slice(fetched);
      return more.length <= 2 && more.every(({ wantedObjects }) => !wantedObjects);
    }, "every pass fetches");
  }
});

test("clocks that are 6 hours apart hide no write: a commit of the application from the future, or a revert from the past", async (t) => {
  const stage = await startStage(t);
  const { manifests, app } = await deployShop(stage);
  const now = Math.floor(Date.now() / 1_000);
  const first = await app.commit({ "index.html": "2" }, { time: now + 6 * 3_600 });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const text = (await manifests.read(PATH)).replace(first, OLD);
  await manifests.commit({ [PATH]: text }, { time: now - 6 * 3_600 });
  const key = await stage.gitHost.newKey();
  stage.secret("gitops-operator", "other-key", { "ssh-privatekey": key.privateKey });
  await stage.deploy({ name: "shop", annotations: { ssh_key_name: "other-key" } });
  await assertHeld(stage, manifests, { from: OLD, to: first });
});

test("where the server can't tell the history, that is warned of once per branch, and what was taken back before is written", async (t) => {
  const { stage, manifests, first } = await startPatched(t);
  const warnings = () => stage.logLines.filter(({ message }) => message.startsWith("Branch's history can't be read"));
  await revert(stage, manifests);
  await assertHeld(stage, manifests, { from: OLD, to: first });
  // More than may be received.
  for (let i = 0; i < 7; i++) await manifests.commit({ noise: `${i}` }, { message: randomBytes(675_000).toString("base64") });
  for (const name of ["one-key", "another-key"]) {
    const key = await stage.gitHost.newKey();
    stage.secret("gitops-operator", name, { "ssh-privatekey": key.privateKey });
    await stage.deploy({ name: "shop", annotations: { ssh_key_name: name } });
    assert.equal((await stage.reconcileOne("shop")).action, "patched");
    await setTag(manifests, OLD);
  }
  assert.equal(warnings().length, 1);
  assert.match(JSON.stringify(warnings()[0]?.fields), /the git server sent more than/);
});
