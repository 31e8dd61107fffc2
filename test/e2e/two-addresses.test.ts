/** One repository under two addresses: the operator never answers its own commit, whatever the addresses say. */
import assert from "node:assert/strict";
import { appendFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startGitHost } from "../../sandbox/git-host.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { OLD, startStage } from "./stage.ts";

const own = { message: "chore(refs): gitops-operator updating image tags", author: { name: "GitOps Operator", email: "a@b.example" } };
const PASSES = 3;

// P2
test("one repository under two addresses: one commit for one change, however many passes", async (t) => {
  // The in-process host lets every user in, as forges do.
  const stage = await startStage(t, { startHost: startGitHost });
  const root = join(stage.folder, "git");
  const { host, port, knownHosts } = stage.gitHost;
  const proxy = await startTcpProxy(t, port);
  await appendFile(String(stage.env.SSH_KNOWN_HOSTS), knownHosts.replaceAll(`[${host}]:${port}`, `[${host}]:${proxy.port}`));
  await symlink(".", join(root, "a"));
  await symlink("team", join(root, "squad"));
  const url = (path: string) => stage.gitHost.url(path);
  const addresses: Readonly<Record<string, (path: string) => string>> = {
    same: (path) => url(path),
    "another-path": (path) => url(path.replace("team/", "squad/")),
    "gerrit-a": (path) => url(`a/${path}`),
    "double-slash": (path) => url(path.replace("/", "//")),
    encoded: (path) => url(path).replace("team", "te%61m"),
    "without-git": (path) => url(path.replace(/\.git$/, "")),
    "another-user": (path) => url(path).replace(/:\/\/[^@]+@/, "://somebody@"),
    "another-port": (path) => url(path).replace(`:${port}/`, `:${proxy.port}/`),
  };
  const repositories = new Map<string, Awaited<ReturnType<typeof stage.repository>>>();
  for (const [name, address] of Object.entries(addresses)) {
    const path = `team/${name}.git`;
    const repository = await stage.repository(path, { "deploy.yaml": manifestOf(name, `team/${name}:${OLD}`) });
    repositories.set(name, repository);
    const annotations = { app_repository: address(path), manifest_repository: url(path), deployment_path: "deploy.yaml" };
    await stage.deploy({ name, annotations });
  }
  for (const round of [1, 2]) {
    const pushed = new Map<string, string | undefined>();
    for (const [name, repository] of repositories) {
      pushed.set(name, round === 1 ? await repository.tip() : await repository.commit({ "index.html": "2" }));
    }
    for (let pass = 0; pass < PASSES; pass++) {
      for (const { deployment, action, to_sha, message } of await stage.reconcile()) {
        assert.deepEqual([action, to_sha], [pass === 0 ? "patched" : "up_to_date", pushed.get(deployment)], `${deployment}: ${message}`);
      }
    }
    for (const [name, repository] of repositories) assert.equal((await repository.log()).length, 2 * round, name);
  }
});

test("where one Deployment names the branch and the other does not, one repository stays one: no pass answers its own commit", async (t) => {
  const stage = await startStage(t);
  const mono = await stage.repository("team/mono.git", { "deploy.yaml": manifestOf("shop", `team/shop:${OLD}`) }, "main");
  const url = stage.gitHost.url("team/mono.git");
  const annotations = { app_repository: url, manifest_repository: url, deployment_path: "deploy.yaml", manifest_branch: "main" };
  await stage.deploy({ name: "shop", annotations });
  for (let pass = 0; pass < PASSES; pass++) {
    const { action, message } = await stage.reconcileOne("shop");
    assert.equal(action, pass === 0 ? "patched" : "up_to_date", message);
  }
  assert.equal((await mono.log()).length, 2);
});

test("a commit with the operator's name that the manifests branch does not hold is a commit of the application", async (t) => {
  const stage = await startStage(t);
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "shop" });
  for (const round of [1, 2]) {
    const sha = await app.commit({ "index.html": `${round}` }, own);
    assert.deepEqual(
      [(await stage.reconcileOne("shop")).to_sha, (await stage.reconcileOne("shop")).action, (await manifests.log()).length],
      [sha, "up_to_date", 1 + round],
    );
  }
});

test("an own commit with others' on top of it is known to be in the manifests branch after a start, where the copy does not have it", async (t) => {
  const stage = await startStage(t);
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const pushed = (await manifests.tip()) ?? "";
  const tip = await manifests.commit({ a: "1" }, own);
  // What the application's listing showed a moment ago.
  await manifests.forceBranch("app", tip);
  for (let i = 0; i < 3; i++) await manifests.commit({ a: `more ${i}` }, own);
  const annotations = { app_repository: stage.gitHost.url("team/manifests.git"), observe_branch: "app", manifest_branch: "master" };
  await stage.deploy({ name: "shop", annotations });
  assert.equal((await stage.reconcileOne("shop")).to_sha, pushed);
});
