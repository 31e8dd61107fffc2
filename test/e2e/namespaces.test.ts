import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { OLD, startStage } from "./stage.ts";

// F57
test("a namespace whose Deployments may not be listed keeps no other from its pushes, is told, and comes by itself", async (t) => {
  const stage = await startStage(t, { env: { WATCH_NAMESPACES: "default,closed" } });
  const manifests = await stage.repository("team/manifests.git", {
    "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`),
    "other/deployment.yaml": manifestOf("other", `team/other:${OLD}`),
  });
  const shop = await stage.repository("team/shop.git", { "index.html": "1" });
  const other = await stage.repository("team/other.git", { "index.html": "1" });
  await stage.deploy({ name: "shop" });
  await stage.deploy({ name: "other", namespace: "closed", annotations: { ssh_key_namespace: "gitops-operator" } });
  const actions = async () => Object.fromEntries((await stage.reconcile()).map(({ deployment, action }) => [deployment, action]));
  assert.deepEqual(await actions(), { shop: "patched", other: "patched" });

  const allow = stage.cluster.faults.answer(403, /namespaces\/closed\/deployments/);
  stage.cluster.faults.endWatches();
  const refused = "the Deployments of namespace closed may not be listed: HTTP 403: ";
  for (let tries = 0; !(await stage.text("/status")).includes(refused); tries++) {
    if (tries > 600) assert.fail("the refusal is not in /status");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await shop.commit({ "index.html": "2" });
  await other.commit({ "index.html": "2" });
  const before = await manifests.read("other/deployment.yaml");
  const entries = await stage.reconcile();
  assert.deepEqual(
    entries.map(({ deployment, action }) => [deployment, action]),
    [
      ["other", "failed"],
      ["shop", "patched"],
    ],
  );
  assert.match(
    String(entries[0]?.message),
    /nothing was pushed: the Deployments of namespace closed may not be listed any more, so the annotations may be out of date: HTTP 403: .*; grant /,
  );
  assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(`team/shop:${await shop.tip()}`));
  assert.equal(await manifests.read("other/deployment.yaml"), before);
  assert.match(
    await stage.text("/status"),
    /closed\/other: .*\n {4}warning: may be out of date: the Deployments of its namespace may not be listed\n/,
  );
  assert.match(await stage.text("/metrics"), /^gitops_operator_refused_namespaces 1$/m);
  assert.match(await stage.text("/health"), /"ok"/);
  const warned = stage.logLines.filter(({ fields }) => "reason" in fields && String(fields.reason).startsWith("HTTP 403"));
  assert.deepEqual(
    warned.map(({ message, fields }) => [message, (fields as { path: string }).path]),
    [["watch of Deployments is interrupted; trying again", "/apis/apps/v1/namespaces/closed/deployments"]],
  );

  allow();
  for (let tries = 0; (await stage.text("/status")).includes(refused); tries++) {
    if (tries > 1_000) assert.fail("the refusal stays");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.deepEqual(await actions(), { shop: "up_to_date", other: "patched" });
  assert.match(await stage.text("/metrics"), /^gitops_operator_refused_namespaces 0$/m);
});
