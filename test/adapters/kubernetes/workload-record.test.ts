import assert from "node:assert/strict";
import { test } from "node:test";
import { parseObjectIdentity, parseWorkloadRecord } from "../../../src/adapters/kubernetes/workload-record.ts";
import { annotationNames } from "../../../src/core/annotation-names.ts";
import { parseTarget } from "../../../src/core/targets/target.ts";

const parseDeployment = (object: unknown) => parseWorkloadRecord(object, { kind: "Deployment", apiVersion: "apps/v1" });

const metadata = { namespace: "team", name: "app", annotations: { "gitops.operator.enabled": "true" } };

// S15
test("keeps our annotations, the revision and the containers, and nothing else", () => {
  const annotations = {
    "gitops.operator.enabled": "true",
    "deployment.kubernetes.io/revision": "7",
    "kubectl.kubernetes.io/last-applied-configuration": "{}",
    "gitops.operatorx": "no",
  };
  const containers = [
    { name: "b", image: "b:1", env: [] },
    { name: "a", image: "a:1" },
  ];
  assert.deepEqual(
    parseDeployment({ metadata: { ...metadata, annotations, managedFields: [] }, spec: { template: { spec: { containers } } } }),
    {
      kind: "Deployment",
      apiVersion: "apps/v1",
      namespace: "team",
      name: "app",
      annotations: { "gitops.operator.enabled": "true", "deployment.kubernetes.io/revision": "7" },
      containers: [
        { name: "b", image: "b:1" },
        { name: "a", image: "a:1" },
      ],
    },
  );
});

test("keeps which object it is and how new, where the server says so", () => {
  const { uid, resourceVersion } = parseDeployment({ metadata: { ...metadata, uid: "u", resourceVersion: "7" } }) ?? {};
  assert.deepEqual([uid, resourceVersion], ["u", "7"]);
  assert.equal("uid" in (parseDeployment({ metadata: { ...metadata, uid: 5 } }) ?? {}), false);
});

test("keeps nothing of a Deployment without an annotation of ours", () => {
  for (const annotations of [
    undefined,
    null,
    "x",
    [],
    {},
    { "deployment.kubernetes.io/revision": "7" },
    { "gitops.operator.enabled": true },
  ]) {
    assert.equal(parseDeployment({ metadata: { ...metadata, annotations } }), undefined);
  }
});

test("takes whatever is sent instead of a spec for no containers", () => {
  for (const spec of [undefined, null, 1, "x", [], {}, { template: null }, { template: { spec: { containers: {} } } }]) {
    assert.deepEqual(parseDeployment({ metadata, spec })?.containers, [], JSON.stringify(spec));
  }
  const containers = [null, 1, "x", [], {}, { name: "a" }, { name: 1, image: "a" }, { name: "a", image: "a:1" }];
  assert.deepEqual(parseDeployment({ metadata, spec: { template: { spec: { containers } } } })?.containers, [{ name: "a", image: "a:1" }]);
});

test("an annotation named __proto__ stays harmless", () => {
  const annotations = JSON.parse('{"__proto__":"x","gitops.operator.__proto__":"y","gitops.operator.enabled":"true"}');
  const record = parseDeployment({ metadata: { ...metadata, annotations } });
  assert.deepEqual(Object.keys(record?.annotations ?? {}), ["gitops.operator.enabled", "gitops.operator.__proto__"]);
  assert.equal(Object.getPrototypeOf(record?.annotations), Object.prototype);
});

test("what has no name and namespace has no identity", () => {
  for (const object of [
    undefined,
    null,
    1,
    "x",
    [],
    {},
    { metadata: null },
    { metadata: { name: "a" } },
    { metadata: { name: "a", namespace: 1 } },
  ]) {
    assert.equal(parseObjectIdentity(object), undefined);
  }
});

test("of an endless value only so much is kept that it is still seen as too long", () => {
  const kept = (value: string) =>
    parseDeployment({ metadata: { ...metadata, annotations: { "gitops.operator.image_name": value } } })?.annotations[
      "gitops.operator.image_name"
    ] ?? "";
  assert.equal(kept("x".repeat(2_048)).length, 2_048);
  assert.equal(kept(`${" ".repeat(1e6)}team/app${" ".repeat(1e6)}`), "team/app");
  for (const value of ["x".repeat(1e6), `x${" ".repeat(1e6)}x`]) {
    const length = kept(value).trim().length;
    assert.ok(length > 2_048 && length < 3_000, `${length}`);
  }
});

// S17
test("of unknown annotations ten names are kept, and no value", () => {
  const unknown = Object.fromEntries(Array.from({ length: 115 }, (_, i) => [`gitops.operator.x${i}`, "y".repeat(2_090)]));
  const record = parseDeployment({ metadata: { ...metadata, annotations: { ...unknown, ...metadata.annotations } } });
  const names = Array.from({ length: 10 }, (_, i) => [`gitops.operator.x${i}`, "…"]);
  assert.deepEqual(record?.annotations, { "gitops.operator.enabled": "true", ...Object.fromEntries(names) });
  assert.equal(record?.moreUnknown, 105);
  const parsed = record && parseTarget(record, "gitops-operator");
  assert.ok(parsed?.kind === "incomplete");
  assert.equal(parsed.problems.at(-1), "105 more unknown gitops.operator.* annotations; remove them");
});

// S17
test("values that are too much together are the Deployment's problem, and are not kept", () => {
  const annotations = Object.fromEntries(annotationNames.map((name) => [`gitops.operator.${name}`, "y".repeat(2_000)]));
  const record = parseDeployment({ metadata: { ...metadata, annotations } });
  assert.deepEqual(record?.annotations, {});
  assert.deepEqual(record && parseTarget(record, "gitops-operator"), { kind: "incomplete", problems: [record?.problem] });
  assert.match(record?.problem ?? "", /^has gitops\.operator\.\* values of more than 8192 characters together.*; shorten them$/);
});

test("whatever a Deployment brings, what is kept of it is small and holds on to nothing else", () => {
  const big = (text: string) => text.repeat(500_000);
  const containers = Array.from({ length: 2_000 }, (_, i) => ({ name: `c${i}`, image: `${big("i")}${i}` }));
  const record = parseDeployment({
    metadata: { ...metadata, annotations: { ...metadata.annotations, [`gitops.operator.${big("n")}`]: big("v") } },
    spec: { template: { spec: { containers } } },
  });
  assert.ok(JSON.stringify(record).length < 13_000, `${JSON.stringify(record).length}`);
  assert.ok((record?.containers.length ?? 0) > 1);
});

/** Three Pods wanted; generation 2. */
function rollout(status: object | undefined, replicas: number | undefined = 3) {
  return parseDeployment({ metadata: { ...metadata, generation: 2 }, spec: { replicas }, status })?.rollout;
}

test("keeps of the status whether the Pods are what the template says, as kubectl rollout status judges it", () => {
  const all = { observedGeneration: 2, replicas: 3, updatedReplicas: 3, availableReplicas: 3 };
  assert.equal(rollout(all), "done");
  assert.equal(rollout({ ...all, observedGeneration: 1 }), "under_way", "the template is newer than the status");
  assert.equal(rollout({ ...all, updatedReplicas: 2 }), "under_way");
  assert.equal(rollout({ ...all, replicas: 4 }), "under_way", "an old one still runs");
  assert.equal(rollout({ ...all, availableReplicas: 2 }), "under_way");
  const conditions = [{ type: "Available" }, { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }, "odd", null];
  assert.equal(rollout({ ...all, updatedReplicas: 1, conditions }), "stuck");
  assert.equal(rollout({ observedGeneration: 2 }, 0), "none");
  assert.equal(rollout({ observedGeneration: 2 }), "under_way", "zeros are left out of a status");
  for (const status of [undefined, {}, { observedGeneration: "2" }, []]) assert.equal(rollout(status), undefined);
});
