/** `digest: pin`: a tag may move in the registry; what runs is what was checked. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { manifestOf } from "../../sandbox/world.ts";
import { startShop } from "./gated-shop.ts";
import { OLD } from "./stage.ts";

const PATH = "shop/deployment.yaml";
const D = (digit: string) => `sha256:${digit.repeat(64)}`;
const pin = { digest: "pin" };

// S30, P4
test("the tag moves between the check and the push: the checked digest is what is written, with one question, and it stays", async (t) => {
  const { stage, image, manifests, sha } = await startShop(t, { annotations: pin });
  const { registry } = stage;
  registry.put("team/shop", sha, { digest: D("a") });
  const answer = stage.reconcileOne("shop");
  while (registry.requests.length === 0) await turn();
  registry.put("team/shop", sha, { digest: D("b") });
  const { action, message, from_sha } = await answer;
  assert.deepEqual([action, from_sha], ["patched", OLD], message);
  const pinned = manifestOf("shop", `${image}:${sha}@${D("a")}`);
  assert.equal(await manifests.read(PATH), pinned);
  const asked = registry.requests.map(({ at, method }) => `${method} ${at}`);
  assert.deepEqual(asked, ["HEAD manifest"]);
  for (let pass = 0; pass < 2; pass++) assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  assert.equal(await manifests.read(PATH), pinned);
  assert.equal(registry.requests.length, 1);
});

// S30
test("a tag that stands without a digest gets one; who takes it out has the one that the registry tells by then", async (t) => {
  const { stage, image, manifests, sha, annotations } = await startShop(t);
  stage.registry.put("team/shop", sha, { digest: D("a") });
  const pinned = (digit: string) => manifestOf("shop", `${image}:${sha}@${D(digit)}`);
  const bare = manifestOf("shop", `${image}:${sha}`);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.equal(await manifests.read(PATH), bare);
  await stage.deploy({ name: "shop", annotations: { ...annotations, ...pin } });
  const { action, message, from_sha } = await stage.reconcileOne("shop");
  assert.deepEqual([action, from_sha], ["patched", undefined], message);
  assert.equal(await manifests.read(PATH), pinned("a"));
  stage.registry.put("team/shop", sha, { digest: D("b") });
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  await manifests.commit({ [PATH]: bare });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.equal(await manifests.read(PATH), pinned("b"));
});

// S30
test("a registry that tells no digest is asked for the manifest, from whose bytes it is counted; without the default Secret too", async (t) => {
  const { stage, image, manifests, sha } = await startShop(t, { annotations: { ...pin, image_check: "if-secret" }, regcred: null });
  stage.registry.put("team/shop", sha, { manifest: "{}" });
  stage.registry.leftOut.add("docker-content-digest");
  const { action, message } = await stage.reconcileOne("shop");
  assert.equal(action, "patched", message);
  const digest = `sha256:${createHash("sha256").update("{}").digest("hex")}`;
  assert.equal(await manifests.read(PATH), manifestOf("shop", `${image}:${sha}@${digest}`));
  assert.deepEqual(
    stage.registry.requests.map(({ method }) => method),
    ["HEAD", "GET"],
  );
});

// S30
test("where no digest can be added nothing is pushed and no registry asked; without an image check the annotations are malformed", async (t) => {
  const { stage, image, manifests, annotations } = await startShop(t, { annotations: { ...pin, deployment_path: "values.yaml" } });
  const theirs = await manifests.commit({ "values.yaml": `image:\n  repository: ${image}\n  tag: ''\n` });
  const { action, message } = await stage.reconcileOne("shop");
  assert.equal(action, "failed");
  assert.match(message, /line 3: gitops\.operator\.digest is 'pin', and nothing beside the tag is for a digest; add digest: ''/);
  await stage.deploy({ name: "shop", annotations: { ...annotations, image_check: "off" } });
  assert.match((await stage.reconcileOne("shop")).message, /gitops\.operator\.digest is 'pin', but the image check is off/);
  assert.equal(await manifests.tip(), theirs);
  assert.equal(stage.registry.requests.length, 0);
});
