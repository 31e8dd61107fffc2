import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../eventually.ts";
import { HOOK_SECRET, startHookedStage } from "./hooked-stage.ts";
import { deployShop } from "./stage.ts";

test("a push that a forge tells of is written within the moment, without a call of /reconcile", async (t) => {
  const { stage, send } = await startHookedStage(t);
  const { app, manifests } = await deployShop(stage, { hook_secret_name: "hook" });
  const push = (ref: string) => send("push", { ref, after: "1", repository: { ssh_url: stage.gitHost.url("team/shop.git") } });
  const answer = await push("refs/heads/master");
  assert.equal(answer.status, 202);
  assert.deepEqual(await answer.json(), { deployments: 1 });
  const sha = (await app.tip()) ?? "";
  await eventually(async () => (await manifests.read("shop/deployment.yaml")).includes(sha));
  await eventually(() => stage.logLines.some(({ message }) => message === "Deployment patched"));
  const causes = stage.logLines.flatMap(({ message, fields }) => (message === "Deployment patched" ? fields : []));
  assert.deepEqual(
    causes.map((fields) => "cause" in fields && fields.cause),
    ["hook"],
  );
  assert.match(await stage.text("/status"), /default\/shop: .*\n {4}last event: push \d+ s ago\n/);
});

// F52
test("an event that is lost is found by the next call, as if there were no hooks", async (t) => {
  const { stage, send } = await startHookedStage(t);
  const { app, manifests } = await deployShop(stage, { hook_secret_name: "hook" });
  const forged = await send("push", { ref: "refs/heads/master", after: "1", repository: {} }, { secret: "a-wrong-one-of-some-length" });
  assert.equal(forged.status, 401);
  assert.match(await stage.text("/status"), /default\/shop: no pass since start\n {4}no event yet\n/);
  assert.equal((await manifests.log()).length, 1);
  const { action, to_sha } = await stage.reconcileOne("shop");
  assert.deepEqual([action, to_sha], ["patched", await app.tip()]);
});

// S24
test("a Secret is read only where it is named within its scope, and moves only the Deployments that name it", async (t) => {
  const { stage, send } = await startHookedStage(t, { env: { SECRET_REFS: "strict", SECRET_NAMESPACES: "gitops-operator" } });
  const { manifests } = await deployShop(stage, { hook_secret_name: "hook" });
  await stage.deploy({ name: "thief", namespace: "team-b", annotations: { hook_secret_name: "theirs", hook_secret_namespace: "team-a" } });
  for (const [namespace, name] of [
    ["team-a", "theirs"],
    ["kube-system", "hook"],
  ] as const) {
    stage.secret(namespace, name, { "hook-secret": HOOK_SECRET });
    assert.equal((await send("ping", {}, { path: `/hook/${namespace}/${name}` })).status, 401, namespace);
  }
  assert.deepEqual(
    stage.cluster.requests.filter(({ path }) => path.includes("/secrets/")),
    [],
  );
  const theirs = { ref: "refs/heads/master", after: "1", repository: { ssh_url: stage.gitHost.url("team/thief.git") } };
  const answer = (await (await send("push", theirs)).json()) as { ignored: string };
  assert.match(answer.ignored, /^no Deployment that names this Secret uses .*team\/thief$/);
  assert.equal((await manifests.log()).length, 1);
});

test("the operator's own Secret is for every Deployment", async (t) => {
  const { stage, send } = await startHookedStage(t, { env: { HOOK_SECRET_NAME: "hook" } });
  const { manifests } = await deployShop(stage);
  const answer = await send("push", { ref: "refs/heads/master", after: "1", repository: { ssh_url: stage.gitHost.url("team/shop.git") } });
  assert.deepEqual(await answer.json(), { deployments: 1 });
  await eventually(async () => (await manifests.log()).length === 2);
});
