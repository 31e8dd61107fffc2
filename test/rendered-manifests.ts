/** manifests/ as `kubectl apply -k` sends them. */
import { readdirSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../sandbox/cluster-api/kinds.ts";
import { pathOf } from "./observability-files.ts";
import { runTool } from "./tool.ts";

export const folders = ["manifests/base", ...readdirSync(pathOf("manifests/overlays")).map((name) => `manifests/overlays/${name}`)];

/** The project's own folders, which no test changes: a file of tests asks for each several times. */
const rendered = new Map<string, Promise<string>>();

/** `folder` relative to the project, or absolute. The objects are the caller's own. */
export async function renderManifests(folder: string): Promise<KubeObject[]> {
  if (folder.startsWith("/")) return parseObjects(await kustomize(folder));
  const text = rendered.get(folder) ?? kustomize(pathOf(folder));
  rendered.set(folder, text);
  return parseObjects(await text);
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
