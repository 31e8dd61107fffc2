import type { Filter } from "../core/types.ts";

/** What the query narrows the call to; undefined where that is not one value each. Other keys say nothing, as to the original. */
export function parseQueryFilter({ kind, namespace, deployment }: Readonly<Record<string, unknown>>): Filter | undefined {
  const given = Object.entries({ kind, namespace, deployment }).filter(([, value]) => value !== undefined);
  return given.every(([, value]) => typeof value === "string") ? Object.fromEntries(given) : undefined;
}
