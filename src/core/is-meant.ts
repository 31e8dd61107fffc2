import type { Filter, Workload } from "./types.ts";

/** Kinds are compared as kubectl does, whatever their case. */
export function isMeant(workload: Workload, { kind, namespace, deployment }: Filter): boolean {
  if (kind !== undefined && kind.toLowerCase() !== workload.kind.toLowerCase()) return false;
  return (namespace ?? workload.namespace) === workload.namespace && (deployment ?? workload.name) === workload.name;
}
