/** The Deployments of a file as `kubectl apply -f` would make them. */
import { parseDeploymentRecord } from "../adapters/kubernetes/deployment-record.ts";
import { mapOf } from "../adapters/kubernetes/map-of.ts";
import { annotationPrefix } from "../core/annotations.ts";
import { itemKindOf } from "../core/deployment-kind.ts";
import { type Invalid, orInvalid } from "../core/places/yaml-documents.ts";
import { readYamlObjects } from "../core/places/yaml-objects.ts";
import type { WorkloadRecord } from "../core/types.ts";

export interface FileDeployment {
  readonly namespace: string;
  readonly name: string;
  readonly namesNamespace: boolean;
  /** Undefined: no annotation is ours. */
  readonly record: WorkloadRecord | undefined;
  /** What the API server would refuse of our annotations. */
  readonly problems: readonly string[];
}

type ReadFile = { readonly kind: "ok"; readonly deployments: readonly FileDeployment[] } | Invalid;

type Fields = Readonly<Record<string, unknown>>;

const maxShownKey = 63;

export function readDeployments(text: string, defaultNamespace: string): ReadFile {
  return orInvalid(() => {
    const objects = readYamlObjects(text).flatMap((value) => objectsOf(value));
    const deployments = objects.filter(({ apiVersion, kind }) => apiVersion === "apps/v1" && kind === "Deployment");
    return { kind: "ok", deployments: deployments.map((object) => readDeployment(object, defaultNamespace)) };
  });
}

/** Of Lists, however deep, the items: what they leave out is what the list says. */
function objectsOf(value: unknown, inherited: Fields = {}): Fields[] {
  const object: Fields = { ...inherited, ...mapOf(value) };
  const itemKind = itemKindOf(object);
  if (!itemKind || !Array.isArray(object.items)) return [object];
  return object.items.flatMap((item) => objectsOf(item, itemKind));
}

function readDeployment(object: Fields, defaultNamespace: string): FileDeployment {
  const metadata = mapOf(object.metadata);
  const { name, namespace } = metadata;
  const identity = {
    namespace: typeof namespace === "string" && namespace !== "" ? namespace : defaultNamespace,
    name: typeof name === "string" && name !== "" ? name : "(no name)",
  };
  const problems = identity.name === name ? [] : ["metadata.name is missing; set it"];
  const annotations = Object.entries(mapOf(metadata.annotations)).map(([key, value]) => {
    if (typeof value === "string" || !key.startsWith(annotationPrefix)) return [key, value];
    problems.push(`${key.slice(0, maxShownKey)} is not a string, so the API server refuses the Deployment; ${quoteRemedy(value)}`);
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
