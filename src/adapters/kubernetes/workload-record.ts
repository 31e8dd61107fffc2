import { knownAnnotations, mostUnknown } from "../../core/annotation-names.ts";
import { annotationPrefix } from "../../core/annotations.ts";
import { isDeployment, type WorkloadRecord } from "../../core/types.ts";
import { mapOf } from "./map-of.ts";
import { rolloutOf, wantedReplicas } from "./rollout-of.ts";

const revision = "deployment.kubernetes.io/revision";
/** Longer than any value may be, so that the parser still sees that it is too long. */
const mostOfValue = 2_100;
/** Of all values together: several times what any honest object needs, and a tenth of what Kubernetes would let one bring. */
const mostOfAll = 8_192;
const mostOfName = 100;
/** Longer than any image's name, tag and digest. */
const mostOfImage = 600;
/** Of all containers' names and images. */
const mostOfContainers = 4_096;

/** What an object is when it does not say so itself: items of lists don't, and metadata is of the same type for all. */
export interface ObjectType {
  readonly kind: string;
  readonly apiVersion: string;
}

export type ObjectIdentity = Pick<WorkloadRecord, "namespace" | "name">;

/** Undefined for what is no namespaced object. */
export function parseObjectIdentity(object: unknown): ObjectIdentity | undefined {
  const { namespace, name } = mapOf(mapOf(object).metadata);
  return typeof namespace === "string" && typeof name === "string" ? { namespace, name } : undefined;
}

/**
 * The fields that are used, of whatever was sent, in at most 13,000 characters or so; undefined when no annotation is ours. What would never be
 * used is not held in memory, nor shown.
 */
export function parseWorkloadRecord(object: unknown, { kind, apiVersion }: ObjectType): WorkloadRecord | undefined {
  const identity = parseObjectIdentity(object);
  const metadata = mapOf(mapOf(object).metadata);
  const all = mapOf(metadata.annotations);
  const keys = Object.keys(all).filter((key) => typeof all[key] === "string");
  const ours = keys.filter((key) => key.startsWith(annotationPrefix));
  if (!identity || ours.length === 0) return undefined;
  const { uid, resourceVersion } = metadata;
  const version = { ...(typeof uid === "string" && { uid }), ...(typeof resourceVersion === "string" && { resourceVersion }) };
  const isWhole = isDeployment({ kind });
  const { containers } = isWhole ? mapOf(mapOf(mapOf(mapOf(object).spec).template).spec) : {};
  const rollout = isWhole ? rolloutOf(object) : undefined;
  return {
    ...{ kind, apiVersion },
    ...identity,
    ...version,
    ...parseAnnotations(all as Readonly<Record<string, string>>, keys, ours),
    containers: Array.isArray(containers) ? parseContainers(containers) : [],
    ...(rollout !== undefined && { rollout, replicas: wantedReplicas(object) }),
  };
}

type Annotations = Pick<WorkloadRecord, "annotations" | "moreUnknown" | "problem">;

export function parseAnnotations(all: Readonly<Record<string, string>>, keys: readonly string[], ours: readonly string[]): Annotations {
  const isKnown = (key: string) =>
    key === revision || (key.startsWith(annotationPrefix) && knownAnnotations.has(key.slice(annotationPrefix.length)));
  const known = keys.filter(isKnown).map((key) => [key, capped(all[key] ?? "", mostOfValue)] as const);
  if (known.reduce((sum, [, value]) => sum + value.length, 0) > mostOfAll) {
    const problem = `has ${annotationPrefix}* values of more than ${mostOfAll} characters together, so they are not read; shorten them`;
    return { annotations: {}, problem };
  }
  const unknown = ours.filter((key) => !isKnown(key));
  const names = unknown.slice(0, mostUnknown).map((key) => [capped(key, mostOfName), notKept] as const);
  const moreUnknown = unknown.length - names.length;
  return { annotations: Object.fromEntries([...known, ...names]), ...(moreUnknown > 0 && { moreUnknown }) };
}

/** In place of an unknown annotation's value. */
export const notKept = "…";

function parseContainers(containers: readonly unknown[]): WorkloadRecord["containers"] {
  const kept: { name: string; image: string }[] = [];
  let length = 0;
  for (const container of containers) {
    const { name, image } = mapOf(container);
    if (typeof name !== "string" || typeof image !== "string") continue;
    const one = { name: capped(name, mostOfName), image: capped(image, mostOfImage) };
    length += one.name.length + one.image.length;
    if (length > mostOfContainers) break;
    kept.push(one);
  }
  return kept;
}

/** The way over bytes: a slice would hold on to the whole text. */
function capped(value: string, most: number): string {
  if (value.length <= most) return value;
  const text = value.trim();
  return Buffer.from(text.length <= most ? text : `${text.slice(0, most)}…`).toString();
}
