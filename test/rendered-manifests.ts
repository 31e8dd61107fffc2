/** manifests/ as `kubectl apply -k` sends them. */
import { readdirSync } from "node:fs";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../sandbox/cluster-api/kinds.ts";
import { pathOf } from "./observability-files.ts";
import { runTool } from "./tool.ts";

const placesIn = (folder: string) => readdirSync(pathOf(folder)).map((name) => `${folder}/${name}`);

export const components = placesIn("manifests/components");

/** What can be installed: the base, overlays of it, and each component on top of it. */
export const folders = ["manifests/base", ...placesIn("manifests/overlays"), ...components];

/** The project's own folders, which no test changes: a file of tests asks for each several times. */
const rendered = new Map<string, Promise<string>>();

/** `folder` relative to the project, or absolute; of a component, the base with it. The objects are the caller's own. */
export async function renderManifests(folder: string): Promise<KubeObject[]> {
  if (folder.startsWith("/")) return parseObjects(await kustomize(folder));
  const text = rendered.get(folder) ?? withInstall(folder, kustomize);
  rendered.set(folder, text);
  return parseObjects(await text);
}

/** The absolute path of a folder that kustomize takes: for a component, of an overlay that is there meanwhile. */
export async function withInstall<T>(folder: string, use: (overlay: string) => Promise<T>): Promise<T> {
  if (!components.includes(folder)) return use(pathOf(folder));
  const overlay = await realpath(await mkdtemp(join(tmpdir(), "overlay-")));
  try {
    await writeFile(join(overlay, "kustomization.yaml"), overlayOf(overlay, [folder]));
    return await use(overlay);
  } finally {
    await rm(overlay, { recursive: true });
  }
}

/** A kustomization in the folder `at`: the base with these components. kustomize takes no absolute paths. */
export function overlayOf(at: string, withComponents: readonly string[]): string {
  const from = (path: string) => relative(at, pathOf(path));
  return JSON.stringify({ resources: [from("manifests/base")], components: withComponents.map(from) });
}

async function kustomize(folder: string): Promise<string> {
  const { code, stdout, stderr } = await runTool("kubectl", ["kustomize", folder]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

export function parseObjects(text: string): KubeObject[] {
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
}

/** The only one of its kind, or the one of that name. */
export function objectOf(objects: readonly KubeObject[], kind: string, name?: string): KubeObject {
  const found = objects.filter((object) => object.kind === kind && (name === undefined || object.metadata.name === name));
  const [object] = found;
  if (!object || found.length > 1) throw new Error(`${found.length} objects of kind ${kind}${name ? ` named ${name}` : ""}`);
  return object;
}
