import type { Filter } from "../core/types.ts";

const KEYS = ["namespace", "deployment"] as const;

/** What the query narrows the call to; undefined where that is not one value each. Other keys say nothing, as to the original. */
export function parseReconcileFilter(query: Readonly<Record<string, unknown>>): Filter | undefined {
  const filter: { -readonly [Key in keyof Filter]: Filter[Key] } = {};
  for (const key of KEYS) {
    const value = query[key];
    if (value === undefined) continue;
    if (typeof value !== "string") return undefined;
    filter[key] = value;
  }
  return filter;
}
