/** The Deployments of a file as `kubectl apply -f` would make them. */
import { parseDeploymentRecord } from "../adapters/kubernetes/deployment-record.ts";
import { annotationPrefix } from "../core/annotations.ts";
import type { DeploymentRecord } from "../core/types.ts";
import { InvalidYaml } from "../core/yaml-documents.ts";
import { readYamlObjects } from "../core/yaml-objects.ts";

export interface FileDeployment {
  readonly namespace: string;
  readonly name: string;
  readonly namesNamespace: boolean;
  /** Undefined: no annotation is ours. */
  readonly record: DeploymentRecord | undefined;
  /** What the API server would refuse of our annotations. */
  readonly problems: readonly string[];
}

type ReadFile =
  | { readonly kind: "ok"; readonly deployments: readonly FileDeployment[] }
  | { readonly kind: "invalid"; readonly reason: string };

type Fields = Readonly<Record<string, unknown>>;

const maxShownKey = 63;

export function readDeployments(text: string, defaultNamespace: string): ReadFile {
  try {
    const objects = readYamlObjects(text).flatMap(itemsOf);
    const deployments = objects.filter(({ apiVersion, kind }) => apiVersion === "apps/v1" && kind === "Deployment");
    return { kind: "ok", deployments: deployments.map((object) => readDeployment(object, defaultNamespace)) };
  } catch (error) {
    if (error instanceof InvalidYaml) return { kind: "invalid", reason: error.message };
    // The limits keep the library from recursing too deep; should a text get past them, it is the text that is at fault.
    if (error instanceof RangeError) return { kind: "invalid", reason: "it is too complex" };
    throw error;
  }
}

/** A List's items; a DeploymentList's may leave out what they are. */
function itemsOf(object: unknown): Fields[] {
  const { apiVersion, kind, items } = fieldsOf(object);
  if (kind === "List" && Array.isArray(items)) return items.map(fieldsOf);
  if (kind === "DeploymentList" && Array.isArray(items)) {
    return items.map((item) => ({ apiVersion, kind: "Deployment", ...fieldsOf(item) }));
  }
  return [fieldsOf(object)];
}

function readDeployment(object: Fields, defaultNamespace: string): FileDeployment {
  const metadata = fieldsOf(object.metadata);
  const { name, namespace } = metadata;
  const identity = {
    namespace: typeof namespace === "string" && namespace !== "" ? namespace : defaultNamespace,
    name: typeof name === "string" && name !== "" ? name : "(no name)",
  };
  const problems = identity.name === name ? [] : ["metadata.name is missing; set it"];
  const annotations = Object.entries(fieldsOf(metadata.annotations)).map(([key, value]) => {
    if (typeof value === "string" || !key.startsWith(annotationPrefix)) return [key, value];
    problems.push(`${key.slice(0, maxShownKey)} is no text, so the API server refuses the Deployment; ${quoteRemedy(value)}`);
    return [key, value === null || typeof value === "object" ? "" : String(value)];
  });
  const record = parseDeploymentRecord({
    ...object,
    metadata: { ...metadata, ...identity, annotations: Object.fromEntries(annotations) },
  });
  return { ...identity, namesNamespace: identity.namespace === namespace, record, problems };
}

function quoteRemedy(value: unknown): string {
  return typeof value === "boolean" ? `put it in quotes: '${value}'` : "put it in quotes";
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
