import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { KubeObject } from "../sandbox/cluster-api/kinds.ts";
import { skipWithoutKubectl as skip } from "./kubectl.ts";
import { pathOf } from "./observability-files.ts";
import { folders, parseObjects, renderManifests } from "./rendered-manifests.ts";
import { runTool } from "./tool.ts";

/** Which package carries the schemas of an API group, or of one of its kinds; those of Kubernetes have no dot or end in k8s.io. */
const PACKAGES: Record<string, string> = {
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
  "argoproj.io": "@kubernetes-models/argo-cd",
  "argoproj.io/Rollout": "@kubernetes-models/argo-rollouts",
  "helm.toolkit.fluxcd.io": "@kubernetes-models/flux-cd",
};

function moduleOf({ apiVersion, kind }: KubeObject): string {
  const [group = ""] = apiVersion.split("/");
  return `${PACKAGES[`${group}/${kind}`] ?? PACKAGES[group] ?? "kubernetes-models"}/${apiVersion}`;
}

type Groups = Readonly<Record<string, readonly KubeObject[]>>;

/** What the schemas say against each group's objects: the packages' types know every field, their validators formats and ranges as well. */
async function problemsOf(groups: Groups): Promise<Record<string, readonly string[]>> {
  const names = Object.keys(groups);
  const problems = await Promise.all(Object.values(groups).map(validatorProblems));
  const folder = await mkdtemp(join(tmpdir(), "gitops-operator-schema-"));
  after(() => rm(folder, { recursive: true }));
  await symlink(pathOf("node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ extends: pathOf("tsconfig.json"), include: ["*.mts"] }));
  for (const [index, objects] of Object.values(groups).entries()) await writeFile(join(folder, `${index}.mts`), typed(objects));
  // Once for all: most of its time goes into reading the types.
  const tsc = [pathOf("node_modules/typescript/bin/tsc"), "--pretty", "false", "-p", folder];
  const { code, stdout } = await runTool(process.execPath, tsc);
  const lines = code === 0 ? [] : stdout.trim().split("\n");
  let of: string[] | undefined;
  for (const line of lines) {
    const [, index] = /^(?:.*\/)?(\d+)\.mts\(/.exec(line) ?? [];
    // What is indented goes on with the line before.
    if (!line.startsWith(" ")) of = problems[Number(index ?? Number.NaN)];
    if (!of) throw new Error(line);
    of.push(line);
  }
  return Object.fromEntries(problems.map((told, index) => [names[index], told]));
}

async function validatorProblems(objects: readonly KubeObject[]): Promise<string[]> {
  const problems: string[] = [];
  for (const object of objects) {
    const models = await import(moduleOf(object));
    try {
      new models[object.kind](object).validate();
    } catch (error) {
      problems.push(`${object.kind} ${object.metadata.name}: ${(error as Error).message}`);
    }
  }
  return problems;
}

function typed(objects: readonly KubeObject[]): string {
  const lines = objects.map((object, index) => {
    const imported = `import type { I${object.kind} as Type${index} } from "${moduleOf(object)}";`;
    return `${imported}\nexport const object${index}: Type${index} = ${JSON.stringify(object)};`;
  });
  return lines.join("\n");
}

const examples = readdirSync(pathOf("manifests/examples"));
let shipped: ReturnType<typeof problemsOf> | undefined;
/** All at once, when the first is asked for. */
async function problemsOfShipped(name: string): Promise<readonly string[] | undefined> {
  shipped ??= (async () => {
    const groups: Record<string, readonly KubeObject[]> = {};
    for (const folder of skip ? [] : folders) groups[folder] = await renderManifests(folder);
    for (const file of examples) groups[file] = parseObjects(await readFile(pathOf(`manifests/examples/${file}`), "utf8"));
    return problemsOf(groups);
  })();
  return (await shipped)[name];
}

for (const folder of folders) {
  test(`${folder} is what the schemas of Kubernetes and of the operators ask for`, { skip }, async () => {
    assert.deepEqual(await problemsOfShipped(folder), []);
  });
}

for (const file of examples) {
  test(`the example ${file} is what its schema asks for`, async () => {
    assert.deepEqual(await problemsOfShipped(file), []);
  });
}

test("a field that nobody knows, a wrong type, a wrong word and a missing field are seen, however deep", async () => {
  const container = { name: "a", image: "b" };
  const deploymentOf = (fields: object, inSpec: object = {}) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "a" },
    spec: { selector: {}, template: { spec: { containers: [{ ...container, ...fields }] } }, ...inSpec },
  });
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
  const told = await problemsOf({
    right: [deploymentOf({})],
    ...Object.fromEntries(wrong.map(([object], index) => [`wrong ${index}`, [object]])),
  });
  assert.deepEqual(told.right, []);
  for (const [index, [, problem]] of wrong.entries()) assert.match(told[`wrong ${index}`]?.join("\n") ?? "", problem);
});
