import { annotationPrefix } from "../../core/annotations.ts";
import type { DeploymentRecord } from "../../core/types.ts";
import { mapOf } from "./map-of.ts";
import { rolloutOf } from "./rollout-of.ts";

const revision = "deployment.kubernetes.io/revision";
/** Longer than any value may be, so that the parser still sees that it is too long. */
const mostKept = 2_100;

interface ObjectIdentity {
  readonly namespace: string;
  readonly name: string;
}

/** Undefined for what is no namespaced object. */
export function parseObjectIdentity(object: unknown): ObjectIdentity | undefined {
  const { namespace, name } = mapOf(mapOf(object).metadata);
  return typeof namespace === "string" && typeof name === "string" ? { namespace, name } : undefined;
}

/** The fields that are used, of whatever was sent; undefined when no annotation is ours. */
export function parseDeploymentRecord(object: unknown): DeploymentRecord | undefined {
  const identity = parseObjectIdentity(object);
  const metadata = mapOf(mapOf(object).metadata);
  const all = mapOf(metadata.annotations);
  const keys = Object.keys(all).filter((key) => typeof all[key] === "string" && (key.startsWith(annotationPrefix) || key === revision));
  if (!identity || !keys.some((key) => key.startsWith(annotationPrefix))) return undefined;
  const annotations = Object.fromEntries(keys.map((key) => [key, capped(all[key] as string)]));
  const { containers } = mapOf(mapOf(mapOf(mapOf(object).spec).template).spec);
  const { uid, resourceVersion } = metadata;
  const version = { ...(typeof uid === "string" && { uid }), ...(typeof resourceVersion === "string" && { resourceVersion }) };
  const rollout = rolloutOf(object);
  const images = Array.isArray(containers) ? containers.flatMap(parseContainer) : [];
  return { ...identity, ...version, annotations, containers: images, ...(rollout !== undefined && { rollout }) };
}

function parseContainer(container: unknown): DeploymentRecord["containers"] {
  const { name, image } = mapOf(container);
  return typeof name === "string" && typeof image === "string" ? [{ name, image }] : [];
}

/** What would never be used is not held in memory, nor shown. The way over bytes: a slice would hold on to the whole text. */
function capped(value: string): string {
  if (value.length <= mostKept) return value;
  const text = value.trim();
  return Buffer.from(text.length <= mostKept ? text : `${text.slice(0, mostKept)}…`).toString();
}
