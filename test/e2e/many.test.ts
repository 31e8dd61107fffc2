import assert from "node:assert/strict";
import { test } from "node:test";
import { git } from "../../sandbox/git-process.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { door, OLD, startStage } from "./stage.ts";

test("20 Deployments that share a manifests repository: one push, 20 commits, each manifest at its own application's commit", async (t) => {
  const stage = await startStage(t);
  const names = Array.from({ length: 20 }, (_, i) => `app-${i}`);
  const files = Object.fromEntries(names.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `team/${name}:${OLD}`)]));
  const manifests = await stage.repository("team/manifests.git", files);
  const shas = new Map<string, string>();
  for (const name of names) {
    const app = await stage.repository(`team/${name}.git`, { name });
    shas.set(name, (await app.tip()) ?? "");
    await stage.deploy({ name });
  }
  const entries = await stage.reconcile();
  assert.deepEqual(new Set(entries.map(({ action }) => action)), new Set(["patched"]));
  assert.equal(entries.length, 20);
  for (const name of names) assert.match(await manifests.read(`${name}/deployment.yaml`), new RegExp(`team/${name}:${shas.get(name)} `));
  const log = await manifests.log();
  assert.equal(log.length, 21);
  assert.ok(log.slice(0, -1).every(({ parents }) => parents.length === 1));
  await manifests.fsck();
  const pushes = (await stage.gitHost.execs()).filter(({ service }) => service === "git-receive-pack");
  // A push waits two seconds for others that are not ready: over https each conversation is several processes of git, so a few may come later.
  assert.ok(pushes.length <= (door === "ssh" ? 1 : 5), `${pushes.length} pushes`);
  // A connection of SSH's carries several conversations at once, one over https a question at a time.
  assert.ok(stage.gitHost.logins() <= (door === "ssh" ? 2 : 4), `${stage.gitHost.logins()} connections for one key`);
});

test("two Deployments of one name in two namespaces keep their own repositories, branches and results", async (t) => {
  const stage = await startStage(t);
  const repositories = new Map<string, Awaited<ReturnType<typeof stage.repository>>>();
  for (const [namespace, branch] of [
    ["blue", "master"],
    ["green", "main"],
  ] as const) {
    const app = await stage.repository(`${namespace}/shop.git`, { "index.html": namespace }, branch);
    const manifests = await stage.repository(`${namespace}/manifests.git`, { "shop.yaml": manifestOf("shop", `team/shop:${OLD}`) }, branch);
    repositories.set(namespace, manifests);
    await stage.deploy({
      name: "shop",
      namespace,
      annotations: {
        app_repository: stage.gitHost.url(`${namespace}/shop.git`),
        manifest_repository: stage.gitHost.url(`${namespace}/manifests.git`),
        observe_branch: branch,
        deployment_path: "shop.yaml",
      },
    });
    repositories.set(`${namespace} app`, app);
  }
  const entries = await stage.reconcile();
  assert.deepEqual(
    entries.map(({ namespace, action }) => [namespace, action]),
    [
      ["blue", "patched"],
      ["green", "patched"],
    ],
  );
  for (const [index, namespace] of ["blue", "green"].entries()) {
    const sha = await repositories.get(`${namespace} app`)?.tip();
    assert.equal(entries[index]?.to_sha, sha);
    assert.match((await repositories.get(namespace)?.read("shop.yaml")) ?? "", new RegExp(`team/shop:${sha} `));
  }
});

// P2
test("two Deployments that name one file and image: one commit, the second finds it done", async (t) => {
  const stage = await startStage(t);
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "shop" });
  await stage.deploy({ name: "shop", namespace: "twin" });
  const actions = (await stage.reconcile()).map(({ action }) => action).sort();
  assert.deepEqual(actions, ["patched", "up_to_date"]);
  assert.equal((await manifests.log()).length, 2);
});

test("a changed annotation takes effect at the next pass: another repository, then another branch", async (t) => {
  const stage = await startStage(t);
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  await stage.repository("team/shop.git", { "index.html": "1" });
  const fork = await stage.repository("fork/shop.git", { "index.html": "2" });
  const branchTip = await fork.commit({ "index.html": "3" }, { branch: "next" });
  await stage.deploy({ name: "shop" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  await stage.deploy({ name: "shop", annotations: { app_repository: stage.gitHost.url("fork/shop.git") } });
  assert.equal((await stage.reconcileOne("shop")).to_sha, await fork.tip());
  assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(`team/shop:${await fork.tip()} `));
  const moved = { app_repository: stage.gitHost.url("fork/shop.git"), observe_branch: "next", manifest_branch: "master" };
  await stage.deploy({ name: "shop", annotations: moved });
  assert.equal((await stage.reconcileOne("shop")).to_sha, branchTip);
  assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(`team/shop:${branchTip} `));
});

// P2
test("application and manifests in one repository: one commit for one change, and no pass answers its own commit", async (t) => {
  const stage = await startStage(t);
  const files = { "deploy.yaml": manifestOf("shop", `team/shop:${OLD}`), "index.html": "1" };
  const mono = await stage.repository("team/mono.git", files);
  const url = stage.gitHost.url("team/mono.git");
  await stage.deploy({ name: "shop", annotations: { app_repository: url, manifest_repository: url, deployment_path: "deploy.yaml" } });
  for (const round of [1, 2]) {
    const pushed = round === 1 ? await mono.tip() : await mono.commit({ "index.html": "2" });
    const entry = await stage.reconcileOne("shop");
    assert.deepEqual([entry.action, entry.to_sha], ["patched", pushed]);
    for (let pass = 0; pass < 3; pass++) {
      const again = await stage.reconcileOne("shop");
      assert.deepEqual([again.action, again.to_sha], ["up_to_date", pushed]);
    }
    assert.equal((await mono.log()).length, round * 2);
  }
});

test("the own commits are looked past however many there are since the application's last", async (t) => {
  const stage = await startStage(t);
  const mono = await stage.repository("team/mono.git", { "deploy.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const pushed = await mono.tip();
  const commits = Array.from({ length: 60 }, (_, i) => {
    const message = "chore(refs): gitops-operator updating image tags";
    const start = `commit refs/heads/master\ncommitter GitOps Operator <a@b.example> now\ndata ${message.length}\n${message}\n`;
    return `${start}${i === 0 ? "from refs/heads/master^0\n" : ""}M 100644 inline counter\ndata <<END\n${i}\nEND\n\n`;
  });
  await git(mono.directory, ["fast-import", "--quiet", "--date-format=now"], { input: commits.join("") });
  assert.equal((await mono.log()).length, 61);
  const url = stage.gitHost.url("team/mono.git");
  await stage.deploy({ name: "shop", annotations: { app_repository: url, manifest_repository: url, deployment_path: "deploy.yaml" } });
  assert.equal((await stage.reconcileOne("shop")).to_sha, pushed);
});

// S14, F38-F41
test("50 calls at once with one change: one commit, and every answer names it", async (t) => {
  const stage = await startStage(t);
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "shop" });
  const answers = await Promise.all(Array.from({ length: 50 }, () => stage.reconcileOne("shop")));
  const sha = await app.tip();
  assert.ok(answers.every(({ to_sha, status }) => to_sha === sha && status === "success"));
  assert.equal((await manifests.log()).length, 2);
});

// F38-F41
test("a call made right after a commit, while a pass is running, answers with that commit", async (t) => {
  const stage = await startStage(t);
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "shop" });
  // Long enough for a commit to be made meanwhile, however slow the machine is.
  await manifests.installHook("pre-receive", "sleep 0.4");
  for (const delayMs of [0, 30, 100, 200, 500]) {
    await app.commit({ "index.html": `before ${delayMs}` });
    const running = stage.reconcileOne("shop");
    // Anywhere in the running pass: before its listing, between listing and push, after.
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    const sha = await app.commit({ "index.html": `after ${delayMs}` });
    const answers = await Promise.all([stage.reconcileOne("shop"), stage.reconcileOne("shop")]);
    assert.deepEqual(
      answers.map(({ to_sha }) => to_sha),
      [sha, sha],
    );
    await running;
  }
});

test("an image in two containers and an initContainer is updated everywhere, a sidecar of a longer name is not", async (t) => {
  const stage = await startStage(t);
  const manifest = [
    "apiVersion: apps/v1",
    "kind: Deployment",
    "metadata: { name: shop }",
    "spec:",
    "  template:",
    "    spec:",
    "      initContainers:",
    `        - { name: migrate, image: "team/shop:${OLD}" }`,
    "      containers:",
    "        - name: shop",
    "          image: 'team/shop:1.0'\r",
    "        - name: sidecar",
    "          image: team/shop-sidecar:1.0",
  ].join("\n");
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifest });
  const sha = (await (await stage.repository("team/shop.git", { "index.html": "1" })).tip()) ?? "";
  await stage.deploy({ name: "shop" });
  const entry = await stage.reconcileOne("shop");
  assert.equal(entry.action, "patched");
  assert.equal(await manifests.read("shop/deployment.yaml"), manifest.replace(OLD, sha).replace("shop:1.0'", `shop:${sha}'`));
});
