import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { skipWithoutKubectl, startKubectl } from "../kubectl.ts";
import { OLD, type Stage, startStage } from "./stage.ts";

async function told(stage: Stage, count: number): Promise<string[]> {
  const events = () =>
    [...stage.cluster.list("Event")].sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
  await eventually(() => events().length >= count, `less than ${count} Events`);
  return events().map(({ type, reason }) => `${type} ${reason}`);
}

async function startShop(stage: Stage) {
  const manifests = await stage.repository("team/manifests.git", { "README.md": "empty\n" });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "shop" });
  return { manifests, app };
}

test("kubectl get events and describe tell the story of a Deployment, once per change of state", {
  skip: skipWithoutKubectl,
}, async (t) => {
  const stage = await startStage(t);
  const { manifests, app } = await startShop(stage);
  for (let pass = 0; pass < 3; pass++) assert.equal((await stage.reconcileOne("shop")).action, "failed");
  await manifests.commit({ "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  for (let pass = 0; pass < 3; pass++) await stage.reconcileOne("shop");
  await app.commit({ "index.html": "2" });
  await stage.reconcileOne("shop");
  const sha = await app.tip();
  assert.deepEqual(await told(stage, 3), ["Warning ManifestInvalid", "Normal ImageUpdated", "Normal ImageUpdated"]);

  const { kubectl } = startKubectl(t, stage.cluster.kubeconfig);
  const table = await kubectl("get", "events");
  assert.match(table, /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n/);
  assert.match(table, /Warning +ManifestInvalid +deployment\/shop +Failed to patch deployment shop to version [0-9a-f]{40}: /);
  const story = (await kubectl("describe", "deployment", "shop")).split("\nEvents:\n")[1] ?? "";
  assert.match(story, /Warning +ManifestInvalid +\d+s +gitops-operator +Failed to patch deployment shop/);
  assert.match(
    story,
    new RegExp(
      `Normal +ImageUpdated +\\d+s +gitops-operator +Deployment shop patched successfully to version ${sha} \\(image unchecked\\) \\(was `,
    ),
  );
  const uid = stage.cluster.get("Deployment", "default", "shop")?.metadata.uid;
  for (const { regarding } of stage.cluster.list("Event")) assert.equal((regarding as { uid?: string }).uid, uid);
});

test("incomplete and malformed Deployments are told of once, and again when the problems change", async (t) => {
  const stage = await startStage(t);
  await stage.deploy({ name: "half", annotations: { ssh_key_name: null } });
  await stage.reconcile();
  await stage.reconcile();
  assert.deepEqual(await told(stage, 1), ["Warning IncompleteAnnotations"]);
  await stage.deploy({ name: "half", annotations: { deployment_path: "../secret" } });
  await stage.reconcile();
  await stage.reconcile();
  assert.deepEqual(await told(stage, 2), ["Warning IncompleteAnnotations", "Warning InvalidAnnotation"]);
  const notes = stage.cluster.list("Event").map(({ note }) => String(note));
  assert.ok(notes.some((note) => note.includes("gitops.operator.ssh_key_name")));
  assert.ok(notes.some((note) => note.includes("gitops.operator.deployment_path")));
});

test("what could not be told as an Event is told at the next pass, a push too", async (t) => {
  const stage = await startStage(t);
  const { manifests } = await startShop(stage);
  await manifests.commit({ "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const end = stage.cluster.faults.answer(503, /^POST .*\/events/);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  for (let tries = 0; !stage.logLines.some(({ message }) => message === "Kubernetes Event not recorded"); tries++) {
    if (tries > 500) assert.fail("no Event was tried");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  end();
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  assert.deepEqual(await told(stage, 1), ["Normal ImageUpdated"]);
});

test("where RBAC forbids or the API server hangs, passes are as before and the log has one line", async (t) => {
  const stage = await startStage(t);
  const { manifests } = await startShop(stage);
  await manifests.commit({ "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  await stage.deploy({ name: "other", annotations: { deployment_path: "missing.yaml" } });
  const allow = stage.cluster.faults.answer(403, /^POST .*\/events/);
  for (let pass = 0; pass < 2; pass++) await stage.reconcile();
  const warnings = () => stage.logLines.filter(({ message }) => message.startsWith("Kubernetes Event"));
  await eventually(() => warnings().length > 0);
  assert.equal(warnings().length, 1);
  allow();
  stage.cluster.faults.hang(/^POST .*\/events/);
  await stage.deploy({ name: "third", annotations: { deployment_path: "../up" } });
  assert.equal((await stage.reconcileOne("third")).action, "failed");
  assert.equal(stage.cluster.list("Event").length, 0);
});
