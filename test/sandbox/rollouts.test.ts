import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startClusterApi } from "../../sandbox/cluster-api.ts";
import { eventually } from "../eventually.ts";
import { skipWithoutKubectl, startKubectl } from "../kubectl.ts";

async function startRollouts(t: TestContext, podStartMs = 50) {
  const api = await startClusterApi({ protocol: "http" });
  t.after(() => api.close());
  const missing = new Set<string>();
  const put = (image: string, replicas = 2) => {
    const labels = { app: "shop" };
    const template = { metadata: { labels }, spec: { containers: [{ name: "shop", image }] } };
    return api.put({
      kind: "Deployment",
      metadata: { name: "shop", namespace: "default" },
      spec: { replicas, selector: { matchLabels: labels }, template },
    });
  };
  put("shop:1");
  api.playRollouts({ podStartMs, canPull: (image) => !missing.has(image) });
  const images = () => api.list("Pod").map(({ spec }) => (spec as { containers: { image: string }[] }).containers[0]?.image);
  return { api, put, missing, images, ...startKubectl(t, api.kubeconfig) };
}

test("kubectl sees the Pods of a Deployment, and a rollout: the old ones go when the new ones are ready", {
  skip: skipWithoutKubectl,
}, async (t) => {
  const { put, images, kubectl } = await startRollouts(t);
  const [head, ...rows] = (await kubectl("get", "pods")).trimEnd().split("\n");
  assert.match(head ?? "", /^NAME +READY +STATUS +RESTARTS +AGE$/);
  assert.equal(rows.length, 2);
  for (const row of rows) assert.match(row, /^shop-[0-9a-f]{10}-[0-9a-z]{5} +1\/1 +Running +0 +\d+s$/);
  put("shop:2");
  assert.match(await kubectl("rollout", "status", "deployment/shop"), /successfully rolled out\n$/);
  await eventually(() => images().join() === "shop:2,shop:2");
  assert.match(await kubectl("get", "deployments", "--no-headers"), /^shop +2\/2 +2 +2 /);
  const [gone = ""] = (await kubectl("get", "pods", "-o", "name")).split("\n");
  await kubectl("delete", gone);
  await eventually(() => images().join() === "shop:2,shop:2");
  assert.doesNotMatch(await kubectl("get", "pods", "-o", "name"), new RegExp(gone));
});

test("an image that is not there is waited for, and what ran before runs on", { skip: skipWithoutKubectl }, async (t) => {
  const { put, missing, images, kubectl, api } = await startRollouts(t);
  missing.add("shop:2");
  put("shop:2");
  await eventually(async () => (await kubectl("get", "pods", "--no-headers")).match(/0\/1 +ImagePullBackOff/g)?.length === 2);
  assert.match(await kubectl("get", "deployment", "shop", "--no-headers"), /^shop +2\/2 +2 +2 /);
  missing.clear();
  await eventually(() => images().join() === "shop:2,shop:2");
  put("shop:2", 1);
  await eventually(() => images().length === 1);
  api.delete("Deployment", "default", "shop");
  assert.deepEqual(images(), []);
});

test("a write leaves the status alone until the controller has looked, and until a new Pod is ready the old ones stay", {
  skip: skipWithoutKubectl,
}, async (t) => {
  const { put, images, kubectl } = await startRollouts(t, 3_600_000);
  const written = put("shop:2");
  assert.equal(written.metadata.generation, 2);
  assert.equal((written.status as { observedGeneration: number }).observedGeneration, 1);
  await eventually(() => images().length === 4);
  const pods = await kubectl("get", "pods", "-l", "app=shop", "--no-headers");
  assert.equal(pods.match(/0\/1 +ContainerCreating/g)?.length, 2, pods);
  assert.equal(pods.match(/1\/1 +Running/g)?.length, 2, pods);
});
