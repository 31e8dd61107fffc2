import assert from "node:assert/strict";
import { test } from "node:test";
import { deployShop, startStage } from "./stage.ts";

test("a webhook over http that nobody allowed is refused where people look, once, without its path, until it is mended or gone", async (t) => {
  const stage = await startStage(t, { env: { INSECURE_WEBHOOKS: "other.example" } });
  const path = "/services/T0CANARY1/B0CANARY1/canarycanarycanary12";
  stage.secret("gitops-operator", "chat", { "webhook-url": stage.chat.url(path) });
  const { app } = await deployShop(stage, { notifications_secret_name: "chat" });
  for (const text of ["2", "3"]) {
    const sha = await app.commit({ "index.html": text });
    stage.registry.put("team/shop", sha);
    await stage.reconcileOne("shop");
  }
  const refusal = `use https, or let an administrator add ${stage.chat.host} to INSECURE_WEBHOOKS`;
  await t.waitFor(async () => assert.ok((await stage.text("/status")).includes(refusal)), { timeout: 5_000 });
  const page = await (await fetch(`${stage.url}/status`, { headers: { accept: "text/html" } })).text();
  assert.ok(page.includes(refusal));
  await t.waitFor(
    () => {
      const told = stage.cluster.list("Event").filter(({ reason }) => reason === "NotificationRefused");
      assert.equal(told.length, 1);
      assert.ok(JSON.stringify(told).includes(refusal));
    },
    { timeout: 5_000 },
  );
  const warned = stage.logLines.filter(({ message }) => message.startsWith("Chat webhook URL can't be used"));
  assert.equal(warned.length, 1);
  assert.doesNotMatch(JSON.stringify(warned) + page + (await stage.text("/status")), /canary|services\/T0/i);
  assert.equal(stage.chat.requestCount, 0);

  await stage.deploy({ name: "shop" });
  await stage.reconcileOne("shop");
  await t.waitFor(async () => assert.ok(!(await stage.text("/status")).includes(refusal)), { timeout: 5_000 });
});
