import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDefaultsRecord } from "../../../src/adapters/kubernetes/defaults-record.ts";

const metadata = { namespace: "team", name: "defaults", labels: { "gitops.operator/defaults": "true" } };

// S15
test("of a ConfigMap our keys are kept, the names of those that lack the prefix, and nothing else", () => {
  const data = { "gitops.operator.tag_type": "short", "app.properties": "password=x", observe_branch: "main", "gitops.operatorx": "no" };
  assert.deepEqual(
    parseDefaultsRecord({ metadata: { ...metadata, managedFields: [] }, data, binaryData: { "gitops.operator.enabled": "eA==" } }),
    {
      namespace: "team",
      name: "defaults",
      annotations: { "gitops.operator.tag_type": "short", observe_branch: "…" },
    },
  );
});

test("a ConfigMap without our label, or with another value of it, gives nothing, whatever the server sends", () => {
  for (const labels of [undefined, null, [], "true", {}, { "gitops.operator/defaults": "yes" }, { "gitops.operator/defaults": true }]) {
    assert.equal(parseDefaultsRecord({ metadata: { ...metadata, labels }, data: { "gitops.operator.tag_type": "short" } }), undefined);
  }
  assert.equal(parseDefaultsRecord({ metadata: { ...metadata, namespace: undefined }, data: {} }), undefined);
});

test("whatever is sent instead of data is no data", () => {
  for (const data of [undefined, null, "x", [], 5, { "gitops.operator.tag_type": 5 }, { "gitops.operator.tag_type": null }]) {
    assert.deepEqual(parseDefaultsRecord({ metadata, data })?.annotations, {}, JSON.stringify(data));
  }
});

// S17
test("of a flood of keys and of long values little is kept, and what is not read is told", () => {
  const unknown = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`gitops.operator.x${index}`, "y".repeat(1_000)]));
  const flood = parseDefaultsRecord({ metadata, data: unknown });
  assert.equal(flood?.moreUnknown, 490);
  assert.ok(JSON.stringify(flood).length < 2_000);
  const long = { "gitops.operator.app_paths": "x".repeat(900_000), "gitops.operator.observe_branch": "main" };
  assert.ok(JSON.stringify(parseDefaultsRecord({ metadata, data: long })).length < 3_000);
  const many = ["app_paths", "deployment_path", "tag_format", "paused_reason", "image_name"].map((name) => [
    `gitops.operator.${name}`,
    "x".repeat(2_000),
  ]);
  const refused = parseDefaultsRecord({ metadata, data: Object.fromEntries(many) });
  assert.deepEqual(refused?.annotations, {});
  assert.match(refused?.problem ?? "", /^has gitops\.operator\.\* values of more than 8192 characters together, so they are not read/);
});
