import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Protocol } from "../../sandbox/cluster-api/listener.ts";
import { type ClusterApi, startClusterApi } from "../../sandbox/cluster-api.ts";
import { type Kubectl, skipWithoutKubectl, startKubectl } from "../kubectl.ts";

interface Session extends Kubectl {
  readonly api: ClusterApi;
}

async function startSession(t: TestContext, protocol: Protocol): Promise<Session> {
  const api = await startClusterApi({ protocol, ...(protocol !== "http" && { token: "t0ken" }) });
  t.after(() => api.close());
  api.put({
    kind: "Deployment",
    metadata: { name: "app", namespace: "team" },
    spec: { template: { spec: { containers: [{ name: "app", image: "app:1" }] } } },
  });
  return { api, ...startKubectl(t, api.kubeconfig) };
}

for (const protocol of ["http", "https", "h2"] as const) {
  test(`kubectl gets and annotates Deployments over ${protocol}`, { skip: skipWithoutKubectl }, async (t) => {
    const { api, kubectl } = await startSession(t, protocol);
    const [head, row] = (await kubectl("get", "deployments", "-A")).split("\n");
    assert.match(head ?? "", /^NAMESPACE +NAME +READY +UP-TO-DATE +AVAILABLE +AGE$/);
    assert.match(row ?? "", /^team +app +1\/1 +1 +1 +\d+s$/);
    await kubectl("annotate", "deployment", "app", "-n", "team", "gitops.operator.enabled=true");
    assert.equal(api.get("Deployment", "team", "app")?.metadata.annotations?.["gitops.operator.enabled"], "true");
  });
}

test("a newcomer's kubectl apply needs no option, and kubectl create, which sends protobuf, is told the way", {
  skip: skipWithoutKubectl,
}, async (t) => {
  const { api, directory, kubectl } = await startSession(t, "h2");
  const file = join(directory, "shop.yaml");
  const manifest = (image: string) =>
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop, namespace: team}\nspec: {template: {spec: {containers: [{name: shop, image: "${image}"}]}}}\n`;
  writeFileSync(file, manifest("shop:1"));
  assert.equal(await kubectl("apply", "-f", file), "deployment.apps/shop created\n");
  writeFileSync(file, manifest("shop:2"));
  assert.equal(await kubectl("apply", "-f", file), "deployment.apps/shop configured\n");
  assert.match(JSON.stringify(api.get("Deployment", "team", "shop")?.spec), /"image":"shop:2"/);
  // What would be written all the same is refused.
  writeFileSync(file, manifest("shop:3"));
  await assert.rejects(kubectl("apply", "--dry-run=server", "-f", file), /this server has no dry run/);
  const create = ["create", "secret", "generic", "key", "-n", "team", "--from-literal=a=b"];
  await assert.rejects(kubectl(...create), /add `--dry-run=client -o yaml \| kubectl apply -f -` to the command/);
  writeFileSync(file, await kubectl(...create, "--dry-run=client", "-o", "yaml"));
  assert.equal(await kubectl("apply", "-f", file), "secret/key created\n");
});

test("kubectl applies, reads, changes and deletes", { skip: skipWithoutKubectl }, async (t) => {
  const { api, directory, kubectl } = await startSession(t, "h2");
  const file = join(directory, "secret.yaml");
  writeFileSync(file, "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: team}\nstringData: {ssh-privatekey: hello}\n");
  assert.equal(await kubectl("apply", "--validate=false", "-f", file), "secret/key created\n");
  assert.match(await kubectl("apply", "--validate=false", "-f", file), /^secret\/key (?:configured|unchanged)\n$/);
  assert.equal(await kubectl("apply", "--server-side", "--validate=false", "-f", file), "secret/key serverside-applied\n");
  assert.match(await kubectl("get", "secret", "key", "-n", "team", "-o", "yaml"), /ssh-privatekey: aGVsbG8=/);
  await kubectl("set", "image", "-n", "team", "deployment/app", "app=app:2");
  assert.match(JSON.stringify(api.get("Deployment", "team", "app")), /"image":"app:2"/);
  await kubectl("delete", "secret", "key", "-n", "team");
  await assert.rejects(kubectl("get", "secret", "key", "-n", "team"), {
    stderr: 'Error from server (NotFound): secrets "key" not found\n',
  });
});

test("kubectl watches", { skip: skipWithoutKubectl }, async (t) => {
  const { api, env } = await startSession(t, "h2");
  const child = spawn("kubectl", ["get", "deployments", "-A", "-w"], { env });
  t.after(() => child.kill());
  let printed = "";
  let lines: string[] = [];
  for await (const chunk of child.stdout) {
    printed += chunk;
    lines = printed.split("\n").slice(0, -1);
    if (lines.length >= 3) break;
    if (lines.length === 2) api.put({ kind: "Deployment", metadata: { name: "second", namespace: "team" }, spec: { replicas: 2 } });
  }
  assert.match(lines[2] ?? "", /^team +second +2\/2 /);
});
