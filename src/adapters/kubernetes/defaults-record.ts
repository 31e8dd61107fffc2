import { annotationNames } from "../../core/annotation-names.ts";
import { annotationPrefix, defaultsLabel } from "../../core/annotations.ts";
import type { DefaultsRecord } from "../../core/types.ts";
import { mapOf } from "./map-of.ts";
import { notKept, parseAnnotations, parseObjectIdentity } from "./workload-record.ts";

/** What a ConfigMap with our label holds for us, in as many characters as an object's annotations may have; undefined for any other object. */
export function parseDefaultsRecord(object: unknown): DefaultsRecord | undefined {
  const identity = parseObjectIdentity(object);
  const { metadata, data } = mapOf(object);
  if (!identity || mapOf(mapOf(metadata).labels)[defaultsLabel] !== "true") return undefined;
  const all = mapOf(data);
  const ours = Object.keys(all).filter((key) => typeof all[key] === "string" && key.startsWith(annotationPrefix));
  const { annotations, ...rest } = parseAnnotations(all as Readonly<Record<string, string>>, ours, ours);
  // People forget the prefix.
  const bare = annotationNames.filter((name) => Object.hasOwn(all, name)).map((name) => [name, notKept]);
  return { ...identity, annotations: { ...annotations, ...Object.fromEntries(bare) }, ...rest };
}
