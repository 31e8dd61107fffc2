import assert from "node:assert/strict";
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { IDeployment } from "kubernetes-models/apps/v1";
import { parse } from "yaml";
import type { KubeObject } from "../sandbox/cluster-api/kinds.ts";
import { schema as variables } from "../src/variables.ts";
import { version } from "../src/version.ts";
import { valuesSchema, withVariables } from "../tools/chart-values.ts";
import { chartFolder, helmTemplate, renderChart, skipWithoutHelm } from "./helm.ts";
import { skipWithoutKubectl } from "./kubectl.ts";
import { pathOf, readYaml } from "./observability-files.ts";
import { components, objectOf, overlayOf, renderManifests } from "./rendered-manifests.ts";
import { normalised } from "./sorted-objects.ts";
import { runTool } from "./tool.ts";

const skip = skipWithoutHelm || skipWithoutKubectl;
const valuesText = await readFile(pathOf("manifests/chart/values.yaml"), "utf8");

/** What switches on, in the chart, what a component adds. */
const SWITCHES: Readonly<Record<string, object>> = {
  compat: { compat: { enabled: true } },
  hooks: { hooks: { enabled: true } },
  kinds: { kinds: { enabled: true } },
  monitoring: { monitoring: { enabled: true } },
  namespaced: { namespaced: { enabled: true } },
  "namespaced-secrets": { namespacedSecrets: { enabled: true } },
  priority: { priority: { enabled: true } },
  tenants: { tenants: { enabled: true } },
  tracing: { tracing: { endpoint: "http://tempo.monitoring:4317" } },
};

interface Schema {
  readonly properties: { readonly env: { readonly properties: Readonly<Record<string, { enum?: unknown[]; type?: unknown }>> } };
}

/** helm makes the namespace itself (--create-namespace), before it installs anything. */
async function withoutNamespace(folder: string): Promise<KubeObject[]> {
  return (await renderManifests(folder)).filter(({ kind }) => kind !== "Namespace");
}

test("helm finds nothing wrong with the chart, and its version is the package's", { skip: skipWithoutHelm }, async () => {
  const { code, stdout } = await runTool("helm", ["lint", "--strict", chartFolder]);
  assert.equal(code, 0, stdout);
  assert.doesNotMatch(stdout, /\[(?:WARNING|ERROR)\]/);
  const { version: own, appVersion } = await readYaml<{ version: string; appVersion: string }>("manifests/chart/Chart.yaml");
  assert.deepEqual([own, appVersion], [version, version]);
});

test("with its own values the chart is manifests/base, object by object", { skip }, async () => {
  assert.deepEqual(normalised(await renderChart()), normalised(await withoutNamespace("manifests/base")));
});

for (const component of components) {
  const name = component.replace(/.*\//, "");
  test(`with its switch on, the chart is manifests/base with the component ${name}`, { skip }, async () => {
    const there = await withoutNamespace(component);
    const annotations = objectOf(there, "Deployment").metadata.annotations;
    const values = name === "self" ? { deploymentAnnotations: annotations } : SWITCHES[name];
    assert.ok(values, `the chart has no switch for ${name}`);
    assert.deepEqual(normalised(await renderChart({ values })), normalised(there));
  });
}

test("all switches at once, but for the two that contradict each other, are all components; those two are refused", { skip }, async (t) => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "all-components-")));
  t.after(() => rm(folder, { recursive: true }));
  const named = Object.keys(SWITCHES).filter((name) => name !== "compat");
  const overlay = overlayOf(
    folder,
    named.map((name) => `manifests/components/${name}`),
  );
  await writeFile(join(folder, "kustomization.yaml"), overlay);
  const values = Object.assign({}, ...named.map((name) => SWITCHES[name]));
  assert.deepEqual(normalised(await renderChart({ values })), normalised(await withoutNamespace(folder)));

  const { code, stderr } = await helmTemplate({ values: { ...values, compat: { enabled: true } } });
  assert.notEqual(code, 0);
  assert.match(stderr, /compat and tenants say the opposite of each other: enable one of them/);
});

test("what npm run docs makes of the chart is what the descriptions of the variables make it", async () => {
  assert.ok(valuesText === withVariables(valuesText), "manifests/chart/values.yaml is stale: npm run docs makes its end anew");
  const schema = await readFile(pathOf("manifests/chart/values.schema.json"), "utf8");
  assert.ok(schema === valuesSchema(valuesText), "manifests/chart/values.schema.json is stale: npm run docs makes it anew");
  const { env } = parse(valuesText) as { env: object };
  const described = Object.entries(variables.shape).filter(([, { description }]) => description !== undefined);
  // That one is taken from a Secret.
  assert.deepEqual(
    Object.keys(env),
    described.map(([name]) => name).filter((name) => name !== "RECONCILE_TOKEN"),
  );
});

test("each variable that a value sets is set in the Pod, numbers and words alike, whatever a switch says", { skip }, async () => {
  const { properties } = JSON.parse(valuesSchema(valuesText)) as Schema;
  const values = Object.fromEntries(
    Object.entries(properties.env.properties).map(([name, { enum: words, type }], index) => {
      const number = 9000 + index;
      return [name, words ? words.at(-1) : type === "string" ? String(number) : number];
    }),
  );
  assert.deepEqual(
    [values.LOG_LEVEL, values.COMMIT_SIGN_OFF, values.CONCURRENCY],
    ["silent", false, 9000 + Object.keys(values).indexOf("CONCURRENCY")],
  );
  const objects = await renderChart({ values: { env: values, compat: { enabled: true } } });
  const deployment = objectOf(objects, "Deployment") as KubeObject & IDeployment;
  const container = deployment.spec?.template.spec?.containers[0];
  const set = Object.fromEntries(container?.env?.map(({ name, value }) => [name, value]) ?? []);
  for (const [name, value] of Object.entries(values)) assert.equal(set[name], String(value), name);
  assert.deepEqual(
    container?.ports?.map(({ containerPort }) => String(containerPort)),
    [set.PORT, set.HEALTH_PORT],
  );
});

test("a value that nobody knows, a word that a variable has not and a kind that a value has not are told by the schema", {
  skip: skipWithoutHelm,
}, async () => {
  const wrong: readonly [values: object, told: RegExp][] = [
    [{ imagePullSecret: [] }, /additional properties 'imagePullSecret' not allowed/],
    [{ image: { repo: "x" } }, /additional properties 'repo' not allowed/],
    [{ env: { LOGLEVEL: "debug" } }, /additional properties 'LOGLEVEL' not allowed/],
    [{ env: { LOG_LEVEL: "verbose" } }, /value must be one of '', 'trace', 'debug'/],
    [{ env: { CONCURRENCY: "many" } }, /'many' does not match pattern/],
    [{ env: { DEBUG_ENDPOINT: false } }, /value must be one of '', 'on', 'off'/],
    [{ hooks: { enabled: "yes" } }, /got string, want boolean/],
  ];
  for (const [values, told] of wrong) {
    const { code, stderr } = await helmTemplate({ values });
    assert.notEqual(code, 0, JSON.stringify(values));
    assert.match(stderr, told);
  }
});

test("a release of another name in another namespace has names of its own, bound to its own account", {
  skip: skipWithoutHelm,
}, async () => {
  const values = Object.assign({}, ...Object.values(SWITCHES), { compat: { enabled: false } });
  const objects = await renderChart({ release: "ours", namespace: "ops", values });
  for (const { kind, metadata } of objects) assert.match(metadata.name, /^ours-gitops-operator/, kind);
  const bindings = objects.filter(({ kind }) => kind.endsWith("RoleBinding"));
  assert.ok(bindings.length >= 3);
  for (const { subjects } of bindings)
    assert.deepEqual(subjects, [{ kind: "ServiceAccount", name: "ours-gitops-operator", namespace: "ops" }]);
  for (const { kind, metadata } of objects.filter((object) => !/Role|^PriorityClass$/.test(object.kind)))
    assert.equal(metadata.namespace, "ops", kind);
});

test("monitoring.runbooks stands in front of each alert's runbook_url", { skip: skipWithoutHelm }, async () => {
  const runbooks = "https://git.example/operator/blob/v1/";
  const objects = await renderChart({ values: { monitoring: { enabled: true, runbooks } } });
  const { spec } = objectOf(objects, "PrometheusRule") as KubeObject & {
    spec: { groups: { rules: { alert: string; annotations: { runbook_url: string } }[] }[] };
  };
  for (const { alert, annotations } of spec.groups.flatMap(({ rules }) => rules))
    assert.equal(annotations.runbook_url, `${runbooks}docs/TROUBLESHOOTING.md#${alert.toLowerCase()}`);
});
