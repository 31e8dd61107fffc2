/** Objects as they are compared where order says nothing: that of keys, of rules, ports and environment variables. */
import type { KubeObject } from "../sandbox/cluster-api/kinds.ts";

/** By kind, namespace and name. */
export function normalised(objects: readonly KubeObject[]): Record<string, unknown> {
  const nameOf = ({ kind, metadata }: KubeObject) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
  return Object.fromEntries(objects.map((object) => [nameOf(object), sorted(object)]));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted).sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, of]) => [key, sorted(of)]));
}
