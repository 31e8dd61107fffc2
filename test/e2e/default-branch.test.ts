/** Deployments that name no branch: `master` where the remote has it, else the remote's default branch. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { git } from "../../sandbox/git-process.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { OLD, type Stage, startStage } from "./stage.ts";

async function startOnMain(stage: Stage, names: readonly string[] = ["shop"]) {
  const files = Object.fromEntries(names.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `team/${name}:${OLD}`)]));
  const manifests = await stage.repository("team/manifests.git", files, "main");
  const apps = await Promise.all(names.map((name) => stage.repository(`team/${name}.git`, { name }, "main")));
  return { manifests, apps };
}

async function branchShown(stage: Stage): Promise<{ status: string | undefined; debug: string }> {
  const line = (await stage.text("/status")).split("\n").find((row) => row.startsWith("default "));
  const [entry] = JSON.parse(await stage.text("/debug"));
  return { status: line?.split(/ +/)[3], debug: entry.config.observe_branch };
}

test("a Deployment that names no branch is read and written at main, where its repositories have no master", async (t) => {
  const stage = await startStage(t);
  const { manifests, apps } = await startOnMain(stage);
  await stage.deploy({ name: "shop" });
  assert.deepEqual(await branchShown(stage), { status: "master", debug: "master" }, "before the first pass");
  const entry = await stage.reconcileOne("shop");
  assert.equal(entry.action, "patched", entry.message);
  assert.equal(entry.to_sha, await apps[0]?.tip());
  assert.equal((await manifests.log()).length, 2);
  assert.equal(await manifests.tip("master"), undefined);
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  assert.deepEqual(await branchShown(stage), { status: "main", debug: "main" });
});

test("the README's first example works, with its two keys", async (t) => {
  const stage = await startStage(t);
  const [, example = ""] = /```yaml\n(apiVersion: apps\/v1\n.*?)```/s.exec(await readFile("README.md", "utf8")) ?? [];
  const { metadata } = parse(example) as { metadata: { name: string; annotations: Record<string, string> } };
  const { manifests } = await startOnMain(stage);
  stage.secret("gitops-operator", String(metadata.annotations["gitops.operator.manifest_ssh_key_name"]), {
    "ssh-privatekey": (await stage.gitHost.newKey()).privateKey,
  });
  const annotations = Object.entries(metadata.annotations).map(([key, value]) => [
    key.replace("gitops.operator.", ""),
    // Of the registry and the git host that are there.
    value.replace(/^ghcr\.io\//, "").replace(/^git@github\.com:(.*)$/, (_, path) => stage.gitHost.url(path)),
  ]);
  await stage.deploy({ name: metadata.name, annotations: Object.fromEntries(annotations) });
  const entry = await stage.reconcileOne("shop");
  assert.equal(entry.action, "patched", entry.message);
  assert.equal((await manifests.log()).length, 2);
});

test("Deployments that name the branch and those that don't share listings, copy and push", async (t) => {
  const stage = await startStage(t);
  const names = ["named", "unnamed-1", "unnamed-2"];
  const { manifests } = await startOnMain(stage, names);
  for (const name of names) await stage.deploy({ name, ...(name === "named" && { annotations: { observe_branch: "main" } }) });
  const services = async (action: string) => {
    const before = (await stage.gitHost.execs()).length;
    for (const entry of await stage.reconcile()) assert.equal(entry.action, action, entry.message);
    return (await stage.gitHost.execs()).slice(before).map(({ service }) => service);
  };
  assert.equal((await services("patched")).filter((service) => service === "git-receive-pack").length, 1);
  assert.equal((await manifests.log()).length, 4);
  await manifests.fsck();
  // Three applications, and the manifests by two questions.
  assert.ok((await services("up_to_date")).length <= 5);
});

test("another default branch counts at the next pass, and master before it", async (t) => {
  const stage = await startStage(t);
  const { manifests, apps } = await startOnMain(stage);
  await stage.deploy({ name: "shop" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const app = apps[0] as (typeof apps)[number];
  for (const branch of ["trunk", "master"]) {
    for (const repository of [app, manifests]) {
      await repository.forceBranch(branch, (await repository.tip()) ?? "");
      if (branch === "trunk") await git(repository.directory, ["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    }
    const sha = await app.commit({ name: branch }, { branch });
    const entry = await stage.reconcileOne("shop");
    assert.deepEqual([entry.action, entry.to_sha], ["patched", sha], entry.message);
    assert.match(await manifests.read("shop/deployment.yaml", branch), new RegExp(sha));
    assert.deepEqual(await branchShown(stage), { status: branch, debug: branch });
  }
  assert.equal((await manifests.log("main")).length, 2);
});

test("a repository that has neither master nor a default branch is told with the annotations", async (t) => {
  const stage = await startStage(t);
  const { apps } = await startOnMain(stage);
  await git((apps[0] as (typeof apps)[number]).directory, ["symbolic-ref", "HEAD", "refs/heads/unborn"]);
  await stage.deploy({ name: "shop" });
  const { action, message } = await stage.reconcileOne("shop");
  assert.equal(action, "failed");
  assert.match(message, /^Failed to get latest SHA: .*has no branch 'master'.*default.*set gitops\.operator\.observe_branch/);
});

test("a default branch with letters that only look like spaces is written as a whole, and none of a shorter name is", async (t) => {
  const stage = await startStage(t);
  const { manifests, apps } = await startOnMain(stage);
  await stage.deploy({ name: "shop" });
  for (const branch of ["main\u00a0two", "main\u3000"]) {
    for (const repository of [manifests, ...apps]) {
      await repository.forceBranch(branch, (await repository.tip()) ?? "");
      await git(repository.directory, ["symbolic-ref", "HEAD", `refs/heads/${branch}`]);
    }
    const sha = await apps[0]?.commit({ "index.html": branch }, { branch });
    const entry = await stage.reconcileOne("shop");
    assert.deepEqual([entry.action, entry.to_sha], ["patched", sha], entry.message);
    assert.match(await manifests.read("shop/deployment.yaml", branch), new RegExp(`:${sha}`));
    assert.equal((await manifests.log("main")).length, 1);
  }
  const pushes = (await stage.gitHost.execs()).filter(({ service }) => service === "git-receive-pack");
  assert.equal(pushes.length, 2);
  const listings = (await stage.gitHost.execs()).filter(({ service }) => service === "git-upload-pack");
  assert.equal(listings.length, 4);
});
