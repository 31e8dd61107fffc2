/** What docs/INSTALL.md tells to write, run or delete, done. */
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { IDeployment } from "kubernetes-models/apps/v1";
import type { IRole } from "kubernetes-models/rbac.authorization.k8s.io/v1";
import { parse } from "yaml";
import type { KubeObject } from "../sandbox/cluster-api/kinds.ts";
import { skipWithoutKubectl as skip } from "./kubectl.ts";
import { shellBlocks } from "./markdown.ts";
import { pathOf } from "./observability-files.ts";
import { components, objectOf, overlayOf, renderManifests } from "./rendered-manifests.ts";
import { account, assertChecklist, events, rolesOf, workloads } from "./rendered-rights.ts";
import { runTool } from "./tool.ts";

test("several teams, as docs/INSTALL.md has it: each namespace has its role, and the checklist's switches are closed", {
  skip,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "teams-"));
  t.after(() => rm(folder, { recursive: true }));
  await cp(pathOf("manifests"), join(folder, "manifests"), { recursive: true });
  const page = await readFile(pathOf("docs/INSTALL.md"), "utf8");
  const section = page.split("\n## ").find((text) => text.startsWith("Several teams on one operator")) ?? "";
  const [script = ""] = shellBlocks(section);
  const overlay = join(folder, "manifests/overlays/ours/kustomization.yaml");
  await cp(pathOf("manifests/overlays/example"), dirname(overlay), { recursive: true });
  await writeFile(overlay, (await readFile(overlay, "utf8")).replace("components: []", "components: [tenants]"));
  const { code, stderr } = await runTool("bash", ["-ec", `cd ${folder}\n${script}`]);
  assert.equal(code, 0, stderr);
  const file = join(folder, "manifests/overlays/ours/tenants/kustomization.yaml");
  const resources = section.match(/```yaml\n(resources:\n[\s\S]*?)```/)?.[1] ?? "";
  await writeFile(file, (await readFile(file, "utf8")).replace("resources:\n  - namespace-default.yaml\n", resources));

  const objects = await renderManifests(dirname(overlay));
  const roles = rolesOf(objects).filter(([kind]) => kind === "Role");
  assert.deepEqual(roles.map(([, namespace]) => namespace).sort(), ["team-a", "team-b", "team-c"]);
  for (const { subjects } of objects.filter(({ kind }) => kind === "RoleBinding"))
    assert.deepEqual(subjects, [{ kind: "ServiceAccount", name: account, namespace: account }]);
  assertChecklist(objects);
});

test("each patch that docs/INSTALL.md writes in a line does to its target what the page says", { skip }, async (t) => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "patches-")));
  t.after(() => rm(folder, { recursive: true }));
  const page = await readFile(pathOf("docs/INSTALL.md"), "utf8");
  const patches = [...page.matchAll(/`(\[\{"op":[^`]*)`\s+with\s+the\s+target\s+`(\{[^`]*\})`/g)].map(([, patch, target = ""]) => ({
    patch,
    target: parse(target),
  }));
  await writeFile(join(folder, "kustomization.yaml"), JSON.stringify({ ...JSON.parse(overlayOf(folder, [])), patches }));
  const [changed, base] = [await renderManifests(folder), await renderManifests("manifests/base")];
  const differs = changed.filter((object, index) => JSON.stringify(object) !== JSON.stringify(base[index])).map(({ kind }) => kind);
  assert.deepEqual(differs.sort(), patches.map(({ target }) => target.kind).sort());
  const { spec } = objectOf(changed, "Deployment") as unknown as IDeployment;
  assert.deepEqual(spec?.template.spec?.imagePullSecrets, [{ name: "regcred" }]);
  assert.match(JSON.stringify(objectOf(changed, "NetworkPolicy")), /"port":8443/);
  const { rules } = objectOf(changed, "ClusterRole") as unknown as IRole;
  assert.deepEqual(rules, [...workloads.filter(({ resources }) => !resources.includes("configmaps")), events]);
});

test("what the base has and a component takes away is deleted by a command that the component tells", { skip }, async () => {
  const idOf = ({ kind, metadata }: KubeObject) => `${kind.toLowerCase()}/${metadata.name}`;
  const base = (await renderManifests("manifests/base")).map(idOf);
  const taken: string[] = [];
  for (const folder of components) {
    const there = (await renderManifests(folder)).map(idOf);
    const gone = base.filter((id) => !there.includes(id));
    const text = await readFile(pathOf(`${folder}/kustomization.yaml`), "utf8");
    const [command, objects = ""] = text.match(/kubectl .*delete (.*)/) ?? [];
    assert.deepEqual(objects.split(" ").filter(Boolean).sort(), gone.sort(), folder);
    if (command) assert.ok((await readFile(pathOf("docs/INSTALL.md"), "utf8")).includes(command), `docs/INSTALL.md: ${command}`);
    taken.push(...gone);
  }
  assert.equal(taken.length, 3);
});
