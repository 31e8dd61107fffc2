import type { Filter } from "../core/pass.ts";

const KEYS = ["namespace", "deployment"] as const;

/** What the query narrows the call to; undefined for any other question: a misspelt one must not start everything. */
export function parseReconcileFilter(query: Readonly<Record<string, unknown>>): Filter | undefined {
  const filter: { -readonly [Key in keyof Filter]: Filter[Key] } = {};
  for (const [key, value] of Object.entries(query)) {
    const known = KEYS.find((name) => name === key);
    if (known === undefined || typeof value !== "string") return undefined;
    filter[known] = value;
  }
  return filter;
}
