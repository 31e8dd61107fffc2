import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { KubeObject } from "../sandbox/cluster-api/kinds.ts";
import { skipWithoutKubectl as skip } from "./kubectl.ts";
import { pathOf } from "./observability-files.ts";
import { folders, parseObjects, renderManifests } from "./rendered-manifests.ts";
import { runTool } from "./tool.ts";

/** Which package carries the schemas of an API group; those of Kubernetes have no dot or end in k8s.io. */
const PACKAGES: Record<string, string> = {
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
  "argoproj.io": "@kubernetes-models/argo-cd",
};

function moduleOf({ apiVersion }: KubeObject): string {
  return `${PACKAGES[apiVersion.split("/")[0] ?? ""] ?? "kubernetes-models"}/${apiVersion}`;
}

/** What the schemas say against the objects: the packages' types know every field, their validators formats and ranges as well. */
async function problemsOf(t: TestContext, objects: readonly KubeObject[]): Promise<string[]> {
  const problems: string[] = [];
  for (const object of objects) {
    const models = await import(moduleOf(object));
    try {
      new models[object.kind](object).validate();
    } catch (error) {
      problems.push(`${object.kind} ${object.metadata.name}: ${(error as Error).message}`);
    }
  }
  const folder = await mkdtemp(join(tmpdir(), "gitops-operator-schema-"));
  t.after(() => rm(folder, { recursive: true }));
  await symlink(pathOf("node_modules"), join(folder, "node_modules"));
  const typed = objects.map((object, index) => {
    const imported = `import type { I${object.kind} as Type${index} } from "${moduleOf(object)}";`;
    return `${imported}\nexport const object${index}: Type${index} = ${JSON.stringify(object)};`;
  });
  await writeFile(join(folder, "objects.mts"), typed.join("\n"));
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ extends: pathOf("tsconfig.json"), include: ["*.mts"] }));
  const { code, stdout } = await runTool(process.execPath, [pathOf("node_modules/typescript/bin/tsc"), "--pretty", "false", "-p", folder]);
  if (code !== 0) problems.push(...stdout.trim().split("\n"));
  return problems;
}

for (const folder of folders) {
  test(`${folder} is what the schemas of Kubernetes and of the operators ask for`, { skip }, async (t) => {
    assert.deepEqual(await problemsOf(t, await renderManifests(folder)), []);
  });
}

for (const file of ["shop.yaml", "argocd-application.yaml"]) {
  test(`the example ${file} is what its schema asks for`, async (t) => {
    assert.deepEqual(await problemsOf(t, parseObjects(await readFile(pathOf(`manifests/examples/${file}`), "utf8"))), []);
  });
}

test("a field that nobody knows, a wrong type, a wrong word and a missing field are seen, however deep", async (t) => {
  const container = { name: "a", image: "b" };
  const deploymentOf = (fields: object, inSpec: object = {}) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "a" },
    spec: { selector: {}, template: { spec: { containers: [{ ...container, ...fields }] } }, ...inSpec },
  });
  assert.deepEqual(await problemsOf(t, [deploymentOf({})]), []);
  const wrong: [object: KubeObject, problem: RegExp][] = [
    [deploymentOf({ livenessProbe: { httpGet: { path: "/", port: "http" }, periodSecond: 15 } }), /'"periodSecond"' does not exist/],
    [deploymentOf({}, { minReadySecond: 5 }), /'"minReadySecond"' does not exist/],
    [deploymentOf({ imagePullPolicy: "Sometimes" }), /"Sometimes"' is not assignable/],
    [deploymentOf({}, { replicas: 1.5 }), /replicas must be integer/],
    [deploymentOf({}, { selector: undefined }), /required property selector/],
    [
      {
        apiVersion: "argoproj.io/v1alpha1",
        kind: "Application",
        metadata: { name: "a" },
        spec: { project: "default", destination: {}, source: { repoURL: "x" }, syncPolicy: { automated: { selfheal: true } } },
      },
      /'"selfheal"' does not exist/,
    ],
  ];
  for (const [object, problem] of wrong) assert.match((await problemsOf(t, [object])).join("\n"), problem);
});
