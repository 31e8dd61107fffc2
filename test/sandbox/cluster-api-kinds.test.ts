import assert from "node:assert/strict";
import { test } from "node:test";
import { startClusterApi } from "../../sandbox/cluster-api.ts";

const asMetadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const asList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

async function serve(t: { after(end: () => Promise<void>): void }) {
  const api = await startClusterApi();
  t.after(() => api.close());
  const ask = async (path: string, accept = "application/json") => {
    const response = await fetch(api.url + path, { headers: { accept } });
    const text = await response.text();
    return { status: response.status, text, body: text.startsWith("{") ? JSON.parse(text.split("\n", 1)[0] ?? "") : undefined };
  };
  return { api, ask };
}

test("metadata is sent only in the form that fits, and any other is 406", async (t) => {
  const { api, ask } = await serve(t);
  api.put({ kind: "StatefulSet", metadata: { name: "db", namespace: "team", annotations: { a: "b" } }, spec: { replicas: 1 } });
  const list = "/apis/apps/v1/statefulsets";
  const { body } = await ask(list, asList);
  assert.deepEqual([body.kind, body.apiVersion], ["PartialObjectMetadataList", "meta.k8s.io/v1"]);
  assert.deepEqual(Object.keys(body.items[0]), ["kind", "apiVersion", "metadata"]);
  assert.equal(body.items[0].kind, "PartialObjectMetadata");
  assert.deepEqual(Object.keys((await ask(list)).body.items[0]), ["metadata", "spec"]);

  const watch = `${list}?watch=true&timeoutSeconds=1&resourceVersion=0`;
  assert.deepEqual(Object.keys((await ask(watch, asMetadata)).body.object), ["kind", "apiVersion", "metadata"]);
  for (const [path, accept] of [
    [list, asMetadata],
    [watch, asList],
    [`/apis/apps/v1/namespaces/team/statefulsets/db`, asList],
    [list, asList.replace("PartialObjectMetadataList", "PartialMetadata")],
    [list, asList.replace("v=v1", "v=v2")],
    [list, asList.replace("meta.k8s.io", "meta.example")],
    [list, asList.replace(";g=meta.k8s.io", "")],
  ] as const)
    assert.equal((await ask(path, accept)).status, 406, `${path} ${accept}`);
  assert.equal((await ask(list, `${asMetadata}, application/json`)).status, 200, "with a form behind it that fits");
});

test("a group is not there until it is installed, and is told by discovery from then on", async (t) => {
  const { api, ask } = await serve(t);
  assert.deepEqual(
    [(await ask("/apis/argoproj.io/v1alpha1")).status, (await ask("/apis/argoproj.io/v1alpha1/rollouts")).status],
    [404, 404],
  );
  api.install("rollouts.argoproj.io");
  const { body } = await ask("/apis/argoproj.io/v1alpha1");
  const [rollouts, ...more] = body.resources;
  assert.deepEqual(
    [body.kind, rollouts.name, rollouts.kind, rollouts.namespaced, more],
    ["APIResourceList", "rollouts", "Rollout", true, []],
  );
  assert.equal((await ask("/apis/argoproj.io/v1alpha1/rollouts", asList)).status, 200);
  assert.equal((await ask("/apis/argoproj.io/v1alpha1/applications")).status, 404);
  assert.equal((await ask("/apis/batch/v1")).body.resources[0].kind, "CronJob");
});
