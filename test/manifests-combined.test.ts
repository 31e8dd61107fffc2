import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import type { IDeployment } from "kubernetes-models/apps/v1";
import type { KubeObject } from "../sandbox/cluster-api/kinds.ts";
import { skipWithoutKubectl as skip } from "./kubectl.ts";
import { components, overlayOf, renderManifests } from "./rendered-manifests.ts";
import { normalised } from "./sorted-objects.ts";

const pairs = components.flatMap((one, index) => components.slice(index + 1).map((other) => [one, other] as const));

/** All in one run of kustomize: each overlay's objects have a suffix of their own in their names, which is gone from what is given back. */
async function renderAll(overlays: readonly (readonly string[])[]): Promise<KubeObject[][]> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "overlays-")));
  try {
    const names = overlays.map((_, index) => `overlay${index}`);
    for (const [index, withComponents] of overlays.entries()) {
      const at = join(folder, `overlay${index}`);
      await mkdir(at);
      // No suffix is put on a Namespace, and two of one name can't be.
      const patches = [
        { target: { kind: "Namespace" }, patch: "$patch: delete\napiVersion: v1\nkind: Namespace\nmetadata: { name: any }" },
      ];
      const overlay = JSON.parse(overlayOf(at, withComponents));
      await writeFile(join(at, "kustomization.yaml"), JSON.stringify({ ...overlay, patches, nameSuffix: `-overlay${index}-` }));
    }
    await writeFile(join(folder, "kustomization.yaml"), JSON.stringify({ resources: names }));
    const all = await renderManifests(folder);
    return overlays.map((_, index) => {
      const suffix = `-overlay${index}-`;
      const own = all.filter(({ metadata }) => metadata.name.endsWith(suffix));
      return JSON.parse(JSON.stringify(own).replaceAll(suffix, "")) as KubeObject[];
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** They say opposite things of the same settings; the page says so, and the chart refuses them. */
const contradiction = ["compat", "tenants"];

test("any two components combine, in either order, and nothing that one of them adds is lost", { skip }, async () => {
  const alone = new Map<string, KubeObject[]>();
  for (const component of components) alone.set(component, await renderManifests(component));
  const base = Object.keys(normalised(await renderManifests("manifests/base")));
  const rendered = await renderAll(
    pairs.flatMap(([one, other]) => [
      [one, other],
      [other, one],
    ]),
  );
  const dependsOnOrder: string[][] = [];
  for (const [index, [one, other]] of pairs.entries()) {
    const [there = {}, back = {}] = rendered.slice(2 * index, 2 * index + 2).map(normalised);
    const names = [one, other].map((component) => basename(component));
    if (JSON.stringify(there) !== JSON.stringify(back)) dependsOnOrder.push(names);
    for (const component of [one, other]) {
      const added = Object.keys(normalised(alone.get(component) ?? [])).filter((name) => !base.includes(name));
      assert.deepEqual(
        added.filter((name) => !(name in there)),
        [],
        names.join(" and "),
      );
      assert.deepEqual(
        environment(alone.get(component) ?? []).filter((name) => !environment(Object.values(rendered[2 * index] ?? [])).includes(name)),
        [],
      );
    }
  }
  assert.deepEqual(dependsOnOrder, [contradiction]);
});

function environment(objects: readonly KubeObject[]): string[] {
  const deployment = objects.find(({ kind }) => kind === "Deployment") as (KubeObject & IDeployment) | undefined;
  return deployment?.spec?.template.spec?.containers[0]?.env?.map(({ name }) => name) ?? [];
}
