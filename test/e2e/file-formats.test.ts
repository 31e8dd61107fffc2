/** One Deployment, its image written in a kustomization, in Helm values and in a single value: all in one commit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OLD, startStage } from "./stage.ts";

const kustomization = (tag: string) =>
  `resources:\n- ../base\nimages:\n- name: team/shop   # ours\n  newTag: ${tag}\n- name: team/other\n  newTag: ${OLD}\n`;
const values = (tag: string) =>
  `image:\n  repository: team/shop\n  tag: ${tag}\nsidecar:\n  image: {repository: team/shop-sidecar, tag: '${OLD}'}\n`;
const other = (tag: string) => `deploy:\n  version: '${tag}'\n`;

test("a kustomization, Helm values and a named value get the tag in one commit, quoted where it could be a number; a rollback of one holds all", async (t) => {
  const stage = await startStage(t);
  const manifests = await stage.repository("team/manifests.git", {
    "overlays/prod/kustomization.yaml": kustomization(`"${OLD}"`),
    "charts/shop/values.yaml": values(`"${OLD}"`),
    "settings.yaml": other(OLD),
  });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  const sha = (await app.tip()) ?? "";
  const deployment_path = "overlays/*/kustomization.yaml, charts/**/values.yaml\nsettings.yaml#deploy.version";
  await stage.deploy({ name: "shop", annotations: { deployment_path } });
  const { action, from_sha, to_sha, message } = await stage.reconcileOne("shop");
  assert.deepEqual([action, from_sha, to_sha], ["patched", OLD, sha], message);
  assert.equal(await manifests.read("overlays/prod/kustomization.yaml"), kustomization(`"${sha}"`));
  assert.equal(await manifests.read("charts/shop/values.yaml"), values(`"${sha}"`));
  assert.equal(await manifests.read("settings.yaml"), other(sha));
  assert.equal((await manifests.log()).length, 2);
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");

  await manifests.commit({ "charts/shop/values.yaml": values(`"${OLD}"`) }, { message: "Back" });
  assert.equal((await stage.reconcileOne("shop")).action, "skipped");
  const next = await app.commit({ "index.html": "2" });
  assert.equal((await stage.reconcileOne("shop")).to_sha, next);
  assert.equal(await manifests.read("settings.yaml"), other(next));
});
