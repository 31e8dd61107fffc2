import assert from "node:assert/strict";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { OLD, type Stage, startStage } from "../e2e/stage.ts";
import { eventually } from "../eventually.ts";
import { skipWithoutSshd, startOpenSsh } from "../openssh.ts";
import { startProxiedGit } from "./proxied-git.ts";

async function startShop(stage: Stage, annotations: Record<string, string> = {}) {
  const manifests = await stage.repository("team/manifests.git", {
    "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`),
    a: "1",
  });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "shop", annotations });
  return { manifests, app };
}

/** A second Deployment on the same manifests branch whose application's host does not answer before the release. */
async function deployStalled(t: TestContext, stage: Stage): Promise<() => void> {
  const { through, proxy } = await startProxiedGit(t, stage);
  await stage.repository("team/stalled.git", { a: "1" });
  proxy.onServerData = () => "hold";
  await stage.deploy({ name: "stalled", annotations: { app_repository: through("team/stalled.git") } });
  void stage.reconcile("?deployment=stalled").catch(() => undefined);
  return () => {
    proxy.onServerData = () => "cut";
  };
}

/** A run has read and decided; another that is stalled keeps the branch undecided, so the push is held back for 2 s. */
async function readyToPush(stage: Stage): Promise<void> {
  await eventually(async () => (await stage.text("/metrics")).includes('gitops_operator_runs_in_progress{phase="push"} 1'));
}

// P1, F9
test("a force-pushed manifests branch is followed, and what was rewritten stays rewritten", async (t) => {
  const stage = await startStage(t);
  const { manifests, app } = await startShop(stage);
  const first = (await manifests.tip()) ?? "";
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  await manifests.forceBranch("master", first);
  const elsewhere = await manifests.commit({ a: "2" });
  const entry = await stage.reconcileOne("shop");
  assert.deepEqual([entry.action, entry.from_sha, entry.to_sha], ["patched", OLD, await app.tip()]);
  const log = await manifests.log();
  assert.deepEqual(log.map(({ sha }) => sha).slice(1), [elsewhere, first]);
});

// F9
test("a deleted manifests branch fails and is not brought back", async (t) => {
  const stage = await startStage(t);
  const { manifests, app } = await startShop(stage);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  await app.commit({ "index.html": "2" });
  await manifests.commit({ keep: "1" }, { branch: "other" });
  await manifests.deleteBranch("master");
  const entry = await stage.reconcileOne("shop");
  assert.equal(entry.action, "failed");
  assert.match(entry.message, /no branch 'master'/);
  assert.equal(await manifests.tip("master"), undefined);
});

// P1, F9
test("a branch deleted between reading and pushing is not brought back either", async (t) => {
  const stage = await startStage(t);
  const { manifests } = await startShop(stage);
  const release = await deployStalled(t, stage);
  const running = stage.reconcileOne("shop");
  await readyToPush(stage);
  await manifests.deleteBranch("master");
  const entry = await running;
  assert.equal(entry.action, "failed");
  assert.match(entry.message, /^Failed to commit changes for shop .*no branch 'master'/);
  assert.equal(await manifests.tip("master"), undefined);
  release();
});

// P1, F7-F8
test("someone else's commit between reading and pushing stays, and ours stands on it", async (t) => {
  const stage = await startStage(t);
  const { manifests, app } = await startShop(stage);
  const release = await deployStalled(t, stage);
  const running = stage.reconcileOne("shop");
  await readyToPush(stage);
  const other = await manifests.commit({ other: "1" });
  const entry = await running;
  assert.deepEqual([entry.action, entry.to_sha], ["patched", await app.tip()], entry.message);
  const log = await manifests.log();
  assert.deepEqual([log.length, log[1]?.sha, log[0]?.parents], [3, other, [other]]);
  release();
});

// F15-F16
test("a local copy that is damaged or gone is made anew within the pass", async (t) => {
  const stage = await startStage(t);
  const { manifests, app } = await startShop(stage);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const work = stage.env.WORK_DIR as string;
  for (const damage of ["copy", "folder"]) {
    await app.commit({ "index.html": damage });
    const [run = ""] = await readdir(work);
    const [copy = ""] = await readdir(join(work, run));
    await rm(damage === "folder" ? join(work, run) : join(work, run, copy, "0"), { recursive: true });
    const entry = await stage.reconcileOne("shop");
    assert.deepEqual(
      [entry.action, entry.message],
      ["patched", `Deployment shop patched successfully to version ${await app.tip()} (image unchecked)`],
    );
  }
  await manifests.fsck();
  assert.equal((await manifests.log()).length, 4);
});

test("a work directory that can't be made fails with the remedy, recovers by itself, and leftovers of dead processes are removed", async (t) => {
  const stage = await startStage(t);
  const work = stage.env.WORK_DIR as string;
  await rm(work, { recursive: true, force: true });
  await writeFile(work, "a file where the folder should be");
  await startShop(stage);
  const entry = await stage.reconcileOne("shop");
  assert.equal(entry.action, "failed");
  assert.match(entry.message, /work directory.*WORK_DIR/);
  assert.equal((await fetch(`${stage.url}/health`)).status, 200);
  await rm(work);
  await mkdir(join(work, "run-999999999-0123abcd", "x"), { recursive: true });
  await mkdir(join(work, "not-ours"));
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const left = await readdir(work);
  assert.equal(left.length, 2);
  assert.ok(left.includes("not-ours") && !left.includes("run-999999999-0123abcd"));
});

test("someone else's commits between passes stay, and the operator builds on them", async (t) => {
  const stage = await startStage(t);
  const { manifests, app } = await startShop(stage);
  for (let round = 0; round < 3; round++) {
    const theirs = await manifests.commit({ [`theirs-${round}`]: "kept" });
    const sha = await app.commit({ "index.html": `round ${round}` });
    assert.equal((await stage.reconcileOne("shop")).to_sha, sha);
    assert.equal((await manifests.log())[0]?.parents[0], theirs);
  }
  for (let round = 0; round < 3; round++) assert.equal(await manifests.read(`theirs-${round}`), "kept");
  await manifests.fsck();
});

// P3, F3-F5
test("a push whose acknowledgement is cut off: the remote is asked, one commit, patched", async (t) => {
  const stage = await startStage(t);
  const { proxy, through } = await startProxiedGit(t, stage);
  const { manifests, app } = await startShop(stage, { manifest_repository: through("team/manifests.git") });
  // From the moment the push has landed nothing comes back, until the connection is cut.
  let landed = false;
  let cut = false;
  await manifests.installHook("post-receive", `touch ${stage.folder}/landed; sleep 1`);
  proxy.onServerData = () => (landed && !cut ? "hold" : "pass");
  proxy.onClientData = () => "pass";
  const watch = setInterval(async () => {
    if (landed || !(await readdir(stage.folder)).includes("landed")) return;
    landed = true;
    // The held acknowledgement is lost with the connection.
    setTimeout(() => {
      proxy.onServerData = () => {
        cut = true;
        proxy.onServerData = undefined;
        return "cut";
      };
    }, 300);
  }, 5);
  t.after(() => clearInterval(watch));
  const entry = await stage.reconcileOne("shop");
  assert.deepEqual([entry.action, entry.to_sha], ["patched", await app.tip()], entry.message);
  assert.equal(cut, true, "the connection was cut after the push had landed");
  assert.equal((await manifests.log()).length, 2);
});

// P6, F38-F41
test("a git host that stalls: the answer is due in time, others are served, and the work goes on behind it", async (t) => {
  const due = new AbortController();
  const stage = await startStage(t, { operator: { answerDue: () => due.signal } });
  const { proxy, through } = await startProxiedGit(t, stage);
  const { manifests } = await startShop(stage);
  await stage.repository("team/slow.git", { a: "1" });
  await stage.repository("team/other-manifests.git", { "slow/deployment.yaml": manifestOf("slow", `team/slow:${OLD}`) });
  proxy.onServerData = () => "hold";
  const annotations = { app_repository: through("team/slow.git"), manifest_repository: stage.gitHost.url("team/other-manifests.git") };
  await stage.deploy({ name: "slow", annotations });
  const answer = stage.reconcile();
  await eventually(async () => /deployment_result\{[^}]*deployment="shop"[^}]*\} 1\n/.test(await stage.text("/metrics")));
  // An answer that did not come now would say that the host's time was up.
  due.abort();
  const entries = await answer;
  assert.deepEqual(
    entries.map(({ deployment, action, status }) => [deployment, action, status]),
    [
      ["shop", "patched", "success"],
      ["slow", "waiting", "pending"],
    ],
  );
  assert.match(entries[1]?.message ?? "", /newest commit/);
  assert.equal((await manifests.log()).length, 2);
});

// P6
test("a conversation that does not come to its end is over at its deadline, long before silence is noticed", async (t) => {
  const stage = await startStage(t, { operator: { patience: { git: { deadlineMs: 1_500 } } } });
  const { manifests } = await startShop(stage);
  const { through, proxy } = await startProxiedGit(t, stage);
  await stage.deploy({ name: "shop", annotations: { app_repository: through("team/shop.git") } });
  proxy.onServerData = () => "hold";
  const entry = await stage.reconcileOne("shop");
  assert.equal(entry.action, "failed");
  assert.match(entry.message, /team\/shop\.git did not answer within 1\.5 s; it is asked again at the next pass$/);
  assert.equal((await manifests.log()).length, 1);
});

// F41b
test("a Deployment disabled, deleted or changed while its run is under way is not pushed", async (t) => {
  const stage = await startStage(t);
  const { manifests } = await startShop(stage);
  const tip = await manifests.tip();
  const { proxy, through } = await startProxiedGit(t, stage);
  const slow = { app_repository: through("team/shop.git") };
  for (const [change, expected] of [
    [() => stage.deploy({ name: "shop", annotations: { ...slow, enabled: "false" } }), "skipped"],
    [() => stage.deploy({ name: "shop", annotations: { ...slow, tag_type: "short" } }), "waiting"],
    [async () => stage.cluster.delete("Deployment", "default", "shop"), "skipped"],
  ] as const) {
    await stage.deploy({ name: "shop", annotations: slow });
    const { promise, resolve } = Promise.withResolvers<void>();
    proxy.onServerData = () => {
      resolve();
      return "pass";
    };
    const running = stage.reconcile("?deployment=shop");
    await promise;
    await change();
    const [entry] = await running;
    assert.equal(entry?.action, expected, entry?.message);
    assert.equal(await manifests.tip(), tip);
  }
});

// F12
test("a server with MaxSessions 1 or MaxStartups 2 makes it slower, not wrong", { skip: skipWithoutSshd() }, async (t) => {
  const limits = { maxSessions: 1, maxStartups: "2:100:2" };
  const stage = await startStage(t, { startHost: (options) => startOpenSsh({ ...options, ...limits }) });
  const names = Array.from({ length: 8 }, (_, i) => `app-${i}`);
  const files = Object.fromEntries(names.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `team/${name}:${OLD}`)]));
  const manifests = await stage.repository("team/manifests.git", files);
  // The history has to be looked into before each push.
  await manifests.config("uploadpack.allowFilter", "true");
  await manifests.commit({ "README.md": "1" });
  for (const name of names) {
    await stage.repository(`team/${name}.git`, { name });
    const key = await stage.gitHost.newKey();
    stage.secret("default", name, { "ssh-privatekey": key.privateKey });
    await stage.deploy({ name, annotations: { ssh_key_name: name, ssh_key_namespace: "default" } });
  }
  const entries = await stage.reconcile();
  assert.deepEqual(
    entries.map(({ action, message }) => (action === "patched" ? action : message)),
    names.map(() => "patched"),
  );
  assert.equal((await manifests.log()).length, 10);
  await manifests.fsck();
});
