/** `write_ref`: the commit at which a kustomization reads the application's repository is written with the tag. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { git } from "../../sandbox/git-process.ts";
import { OLD, startStage } from "./stage.ts";

const path = "shop/kustomization.yaml";

/** An application whose kustomization `textOf` makes of its repository's URL. */
async function startShop(t: Parameters<typeof startStage>[0], textOf: (url: string) => string, annotations: Record<string, string> = {}) {
  const stage = await startStage(t);
  const app = await stage.repository("team/shop.git", { "deploy/kustomization.yaml": "resources: []\n" });
  const url = stage.gitHost.url("team/shop.git");
  const before = textOf(url);
  const manifests = await stage.repository("team/manifests.git", { [path]: before });
  await stage.deploy({ name: "shop", annotations: { deployment_path: path, write_ref: "true", ...annotations } });
  return { stage, app, manifests, before, sha: (await app.tip()) ?? "" };
}

const kustomization = (url: string) =>
  `resources:\n- ${url}//deploy?timeout=90s&ref=${OLD} # the application's own\n- ${url.replace("shop", "other")}//deploy?ref=${OLD}\nimages:\n- {name: team/shop, newTag: old}\n`;

test("tag and ref are written in one commit, the ref by its 40 characters whatever the tag's form; a ref that was set back alone is written again", async (t) => {
  const { stage, app, manifests, before, sha } = await startShop(t, kustomization, { tag_format: "main-{{sha7}}" });
  const after = (commit: string) =>
    before.replace(`&ref=${OLD}`, `&ref=${commit}`).replace("newTag: old", `newTag: main-${commit.slice(0, 7)}`);
  const [{ sha: first = "" } = {}] = await manifests.log();
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.equal(await manifests.read(path), after(sha));
  const [commit, parent] = await manifests.log();
  assert.equal(parent?.sha, first);
  assert.match(commit?.body ?? "", new RegExp(`image team/shop: old -> main-${sha.slice(0, 7)} \\(image unchecked\\)\n`));
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");

  await manifests.commit({ [path]: after(sha).replace(`&ref=${sha}`, `&ref=${OLD}`) });
  const again = await stage.reconcileOne("shop");
  assert.deepEqual([again.action, again.from_sha, again.to_sha], ["patched", undefined, `main-${sha.slice(0, 7)}`]);
  assert.equal(await manifests.read(path), after(sha));

  const next = await app.commit({ "index.html": "2" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.equal(await manifests.read(path), after(next));
});

test("with release_tags the ref is the commit that the git tag names", async (t) => {
  const { stage, app, manifests, sha } = await startShop(t, kustomization, { release_tags: "v*" });
  await git(app.directory, ["tag", "-a", "-m", "v1.2.0", "v1.2.0", sha]);
  await app.commit({ "index.html": "2" });
  const { action, to_sha, message } = await stage.reconcileOne("shop");
  assert.deepEqual([action, to_sha], ["patched", "v1.2.0"], message);
  assert.match(await manifests.read(path), new RegExp(`&ref=${sha} .*newTag: v1\\.2\\.0\\}`, "s"));
});

test("a kustomization with nothing of ours but the ref is written and held as one with the tag is", async (t) => {
  const { stage, app, manifests, before, sha } = await startShop(t, (url) => `resources: ["${url}//deploy?ref=${OLD}"]\n`);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.equal(await manifests.read(path), before.replace(OLD, sha));
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  await manifests.commit({ [path]: before });
  const held = await stage.reconcileOne("shop");
  assert.deepEqual([held.action, held.to_sha], ["skipped", sha], held.message);
  const next = await app.commit({ "index.html": "2" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.equal(await manifests.read(path), before.replace(OLD, next));
});

test("without write_ref no ref is written", async (t) => {
  const { stage, manifests, before, sha } = await startShop(t, kustomization, { write_ref: "false" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.equal(await manifests.read(path), before.replace("newTag: old", `newTag: ${/[^\d]/.test(sha) ? sha : `"${sha}"`}`));
});
