/** The workloads of a file as `kubectl apply -f` would make them. */
import { parseDefaultsRecord } from "../adapters/kubernetes/defaults-record.ts";
import { mapOf } from "../adapters/kubernetes/map-of.ts";
import { type ObjectType, parseWorkloadRecord } from "../adapters/kubernetes/workload-record.ts";
import { annotationPrefix, defaultsLabel } from "../core/annotations.ts";
import { itemKindOf } from "../core/deployment-kind.ts";
import { type Invalid, orInvalid } from "../core/places/yaml-documents.ts";
import { readYamlObjects } from "../core/places/yaml-objects.ts";
import { mergeDefaults } from "../core/targets/namespace-defaults.ts";
import type { DefaultsRecord, WorkloadRecord } from "../core/types.ts";

/** A Deployment, or any other object that has our annotations. */
export interface FileWorkload extends ObjectType {
  readonly namespace: string;
  readonly name: string;
  readonly namesNamespace: boolean;
  /** Undefined: no annotation is ours. */
  readonly record: WorkloadRecord | undefined;
  /** What the API server would refuse of our annotations. */
  readonly problems: readonly string[];
}

/** A ConfigMap that has our label, right or wrong. */
export interface FileDefaults {
  readonly namespace: string;
  readonly name: string;
  readonly namesNamespace: boolean;
  /** Undefined: it gives no defaults, for a reason that is among the problems. */
  readonly record: DefaultsRecord | undefined;
  readonly problems: readonly string[];
}

type ReadFile =
  | { readonly kind: "ok"; readonly workloads: readonly FileWorkload[]; readonly configMaps: readonly FileDefaults[] }
  | Invalid;

type Fields = Readonly<Record<string, unknown>>;

const maxShownKey = 63;

export function readDeployments(text: string, defaultNamespace: string): ReadFile {
  return orInvalid(() => {
    const objects = readYamlObjects(text).flatMap((value) => objectsOf(value));
    const workloads = objects.flatMap((object) => (isWorkload(object) ? [object] : []));
    const configMaps = objects.filter(({ apiVersion, kind }) => apiVersion === "v1" && kind === "ConfigMap").filter(hasDefaultsLabel);
    const read = configMaps.map((object) => readDefaults(object, defaultNamespace));
    const byNamespace = Map.groupBy(
      read.flatMap(({ record }) => record ?? []),
      ({ namespace }) => namespace,
    );
    return {
      kind: "ok",
      workloads: workloads.map((object) => withDefaults(readWorkload(object, defaultNamespace), byNamespace)),
      configMaps: read,
    };
  });
}

/** Of Lists, however deep, the items: what they leave out is what the list says. */
function objectsOf(value: unknown, inherited: Fields = {}): Fields[] {
  const object: Fields = { ...inherited, ...mapOf(value) };
  const itemKind = itemKindOf(object);
  if (!itemKind || !Array.isArray(object.items)) return [object];
  return object.items.flatMap((item) => objectsOf(item, itemKind));
}

/** A Deployment without annotations of ours is one that somebody may have forgotten; other objects are not ours without them. */
function isWorkload(object: Fields): object is Fields & ObjectType {
  const { apiVersion, kind, metadata } = object;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return false;
  if (apiVersion === "apps/v1" && kind === "Deployment") return true;
  return Object.keys(mapOf(mapOf(metadata).annotations)).some((key) => key.startsWith(annotationPrefix));
}

function withDefaults(workload: FileWorkload, byNamespace: ReadonlyMap<string, readonly DefaultsRecord[]>): FileWorkload {
  const defaults = mergeDefaults(byNamespace.get(workload.namespace) ?? []);
  return workload.record && defaults ? { ...workload, record: { ...workload.record, defaults } } : workload;
}

function readWorkload(object: Fields & ObjectType, defaultNamespace: string): FileWorkload {
  const { identity, namesNamespace, problems } = identify(object, defaultNamespace);
  const metadata = mapOf(object.metadata);
  const annotations = textsOf(metadata.annotations, `the ${object.kind}`, problems);
  const type = { kind: object.kind, apiVersion: object.apiVersion };
  const record = parseWorkloadRecord({ ...object, metadata: { ...metadata, ...identity, annotations } }, type);
  return { ...type, ...identity, namesNamespace, record, problems };
}

function hasDefaultsLabel({ metadata }: Fields): boolean {
  return Object.hasOwn(mapOf(mapOf(metadata).labels), defaultsLabel);
}

function readDefaults(object: Fields, defaultNamespace: string): FileDefaults {
  const { identity, namesNamespace, problems } = identify(object, defaultNamespace);
  const metadata = mapOf(object.metadata);
  const labels = textsOf(metadata.labels, "the ConfigMap", problems);
  if (labels[defaultsLabel] !== "true") {
    problems.push(`its label ${defaultsLabel} is not 'true', so it gives no defaults; set it to 'true', or remove it`);
  }
  const data = textsOf(object.data, "the ConfigMap", problems);
  const record = parseDefaultsRecord({ metadata: { ...metadata, ...identity, labels }, data });
  return { ...identity, namesNamespace, record, problems };
}

function identify({ metadata }: Fields, defaultNamespace: string) {
  const { name, namespace } = mapOf(metadata);
  const identity = {
    namespace: typeof namespace === "string" && namespace !== "" ? namespace : defaultNamespace,
    name: typeof name === "string" && name !== "" ? name : "(no name)",
  };
  const problems = identity.name === name ? [] : ["metadata.name is missing; set it"];
  return { identity, namesNamespace: identity.namespace === namespace, problems };
}

/** Texts as they are, and what else of ours stands there as text too, which is a problem. */
function textsOf(values: unknown, what: string, problems: string[]): Readonly<Record<string, unknown>> {
  const entries = Object.entries(mapOf(values)).map(([key, value]) => {
    if (typeof value === "string" || !(key.startsWith(annotationPrefix) || key === defaultsLabel)) return [key, value];
    problems.push(`${key.slice(0, maxShownKey)} is not a string, so the API server refuses ${what}; ${quoteRemedy(value)}`);
    return [key, value === null || typeof value === "object" ? "" : String(value)];
  });
  return Object.fromEntries(entries);
}

function quoteRemedy(value: unknown): string {
  return typeof value === "boolean" ? `put it in quotes: '${value}'` : "put it in quotes";
}
