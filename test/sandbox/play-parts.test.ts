import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createBareRepository } from "../../sandbox/bare-repository.ts";
import { startClusterApi } from "../../sandbox/cluster-api.ts";
import { git } from "../../sandbox/git-process.ts";
import { createToyCd } from "../../sandbox/play/toy-cd.ts";
import { watchPushes } from "../../sandbox/play/watch-pushes.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";

async function startManifests(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "play-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const files = { "shop/deployment.yaml": manifestOf("shop", "shop:1", "default", { note: "from git" }), "README.md": "kind: Deployment" };
  return { folder, manifests: await createBareRepository(join(folder, "manifests.git"), { files }) };
}

test("the toy CD makes the cluster's Deployments what git says, keeps what others wrote beside it, and deletes what git has no more", async (t) => {
  const { manifests } = await startManifests(t);
  const cluster = await startClusterApi();
  t.after(() => cluster.close());
  const told: string[] = [];
  const apply = createToyCd(manifests, cluster, (text) => told.push(text.replaceAll(/[0-9a-f]{7}/g, "SHA")));
  const put = (annotations: object) =>
    cluster.put({ kind: "Deployment", metadata: { name: "shop", namespace: "default", annotations }, spec: {} });
  put({ note: "by hand", others: "kept" });
  await apply((await manifests.tip()) ?? "");
  assert.deepEqual(cluster.get("Deployment", "default", "shop")?.metadata.annotations, { note: "from git", others: "kept" });
  assert.match(JSON.stringify(cluster.get("Deployment", "default", "shop")?.spec), /"shop:1"/);
  await apply((await manifests.tip()) ?? "");

  await apply(await manifests.commit({ "other.yml": `${manifestOf("one", "one:1")}---\n${manifestOf("two", "two:1", "elsewhere")}` }));
  await apply(await manifests.commit({ "shop/deployment.yaml": "kind: [\n", "other.yml": null }));
  assert.equal(cluster.list("Deployment").length, 3, "nothing is deleted where git can't be understood");
  await apply(await manifests.commit({ "shop/deployment.yaml": manifestOf("shop", "shop:2") }));
  assert.deepEqual(
    cluster.list("Deployment").map(({ metadata }) => metadata.name),
    ["shop"],
  );
  assert.deepEqual(cluster.get("Deployment", "default", "shop")?.metadata.annotations, { others: "kept" }, "git has no note any more");
  const [first, one, two, broken, second, ...deleted] = told;
  assert.match(broken ?? "", /^applies nothing of SHA: shop\/deployment\.yaml: \S/);
  assert.deepEqual(
    [first, one, two, second, ...deleted],
    [
      "applies SHA: default/shop is to run shop:1",
      "applies SHA: default/one is to run one:1",
      "applies SHA: elsewhere/two is to run two:1",
      "applies SHA: default/shop is to run shop:2",
      "deletes default/one, which SHA has no more",
      "deletes elsewhere/two, which SHA has no more",
    ],
  );
});

test("each branch of each push is told once and in order; who pushes is let go when it was taken note of, and a failure there is told", async (t) => {
  const { folder, manifests } = await startManifests(t);
  const told: string[] = [];
  const problems: string[] = [];
  let isNoted = false;
  const end = await watchPushes(
    [manifests],
    folder,
    async ({ branch }) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      isNoted = true;
      if (branch === "broken") throw new Error("no more");
      told.push(branch);
    },
    (problem) => problems.push(problem),
  );
  t.after(end);
  const clone = join(folder, "clone");
  await git(folder, ["clone", "-q", manifests.directory, clone]);
  await git(clone, ["commit", "-q", "--allow-empty", "-m", "One"]);
  await git(clone, ["push", "-q"]);
  assert.ok(isNoted);
  await git(clone, ["push", "-q", "origin", "HEAD:refs/heads/a", "HEAD:refs/heads/b", "HEAD:refs/tags/v1"]);
  await git(clone, ["push", "-q", "origin", ":a"]);
  await git(clone, ["push", "-q", "origin", "HEAD:broken"]);
  await git(clone, ["push", "-q", "origin", "HEAD:c"]);
  await eventually(() => told.includes("c"));
  assert.deepEqual(told, ["main", "a", "b", "c"]);
  assert.deepEqual(problems, ["no more"]);
});
