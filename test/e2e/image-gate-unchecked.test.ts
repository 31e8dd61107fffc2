/** No check only where somebody said so, and then everybody sees it (contract §4, §8). */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { startShop as startGatedShop } from "./gated-shop.ts";
import { OLD } from "./stage.ts";

/** Without a token nobody asks for builds. */
const startShop = (t: TestContext, { annotations, ...options }: NonNullable<Parameters<typeof startGatedShop>[1]> = {}) =>
  startGatedShop(t, { ...options, annotations: { github_token_secret_name: null, ...annotations } });

// S22
test("unchecked by annotation: shown in the answer, the page, the Event, the commit, the chat, the log and the metrics; nobody is asked", async (t) => {
  const { stage, manifests, image, sha } = await startShop(t, { annotations: { image_check: "off" } });
  await manifests.commit({ "shop/deployment.yaml": manifestOf("shop", `${image}:${OLD}@sha256:${"00".repeat(32)}`) });
  const message = `Deployment shop patched successfully to version ${sha} (image unchecked)`;
  const entry = await stage.reconcileOne("shop");
  assert.deepEqual([entry.action, entry.message], ["patched", message]);
  assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(`image: ${image}:${sha} # set`), "the digest is dropped");
  const [commit] = await manifests.log();
  assert.match(commit?.body ?? "", new RegExp(`^Deployment default/shop, image team/shop: ${OLD} -> ${sha} \\(image unchecked\\)$`, "m"));
  await stage.chat.received(1);
  assert.deepEqual(
    stage.chat.messages.map(({ text }) => text),
    [message],
  );
  await eventually(() => stage.cluster.list("Event").length === 1);
  const [event] = stage.cluster.list("Event") as unknown as { readonly reason: string; readonly note: string }[];
  assert.deepEqual([event?.reason, event?.note.startsWith(`${message} (was `)], ["ImageUpdated", true]);
  assert.ok(stage.logLines.some(({ message, fields }) => message === "Deployment patched" && "unchecked" in fields));
  assert.match(await stage.text("/metrics"), /^gitops_operator_image_checks_total\{[^}]*"unchecked"[^}]*\} 1$/m);
  assert.match(await stage.text("/debug"), /"image_check":"off"/);
  assert.equal(stage.registry.requests.length, 0);

  const page = async () => (await fetch(`${stage.url}/status`, { headers: { accept: "text/html" } })).text();
  for (const last of [message, `Deployment shop is up to date at ${sha} (image unchecked)`]) {
    assert.ok((await stage.text("/status")).includes(last), last);
    assert.match(await page(), />Unchecked</);
    assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  }
});

test("if-secret, by annotation or environment: unchecked without the default Secret, checked with it, and asked of no error", async (t) => {
  for (const by of [{ annotations: { image_check: "if-secret" } }, { env: { IMAGE_CHECK: "if-secret" } }]) {
    await t.test(JSON.stringify(by), async (t) => {
      const { stage, app, sha, manifests } = await startShop(t, { regcred: null, ...by });
      assert.match((await stage.reconcileOne("shop")).message, new RegExp(`${sha} \\(image unchecked\\)$`));
      const restore = stage.cluster.faults.answer(500, /secrets\/regcred/);
      const next = await app.commit({ "index.html": "2" });
      const before = await manifests.tip();
      assert.match((await stage.reconcileOne("shop")).message, /^Secret gitops-operator\/regcred cannot be read: HTTP 500/);
      restore();
      stage.secret("gitops-operator", "regcred", { ".dockerconfigjson": '{"auths":{}}' });
      assert.equal((await stage.reconcileOne("shop")).action, "waiting");
      assert.equal(await manifests.tip(), before);
      stage.registry.put("team/shop", next);
      assert.match((await stage.reconcileOne("shop")).message, new RegExp(`${next}$`));
    });
  }
});

// S22
test("an IMAGE_CHECK that is set holds for all: an annotation that asks for less is a failure, one that asks for more is heard", async (t) => {
  for (const env of [{ IMAGE_CHECK: "on" }, { REQUIRE_IMAGE_CHECK: "true" }, { REQUIRE_IMAGE_CHECK: "true", IMAGE_CHECK: "off" }]) {
    const { stage, manifests } = await startShop(t, { regcred: null, env, annotations: { image_check: "off" } });
    const entry = await stage.reconcileOne("shop");
    assert.match(entry.message, /gitops\.operator\.image_check asks for less than the operator's IMAGE_CHECK=on/);
    assert.deepEqual([entry.action, (await manifests.log()).length], ["failed", 1]);
  }
  const stricter = await startShop(t, { regcred: null, env: { IMAGE_CHECK: "off" }, annotations: { image_check: "on" } });
  assert.equal((await stricter.stage.reconcileOne("shop")).action, "waiting");
  assert.equal((await stricter.manifests.log()).length, 1);
});
