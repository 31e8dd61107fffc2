/** A copy of plain data with every text redacted, equal ones once. */
export function redacted<T>(data: T, redact: (text: string) => string): T {
  const known = new Map<string, string>();

  function once(text: string): string {
    const found = known.get(text) ?? redact(text);
    known.set(text, found);
    return found;
  }

  function copy(value: unknown): unknown {
    if (typeof value === "string") return once(value);
    if (typeof value !== "object" || value === null || value instanceof Date) return value;
    if (Array.isArray(value)) return value.map(copy);
    return Object.fromEntries(Object.entries(value).map(([field, content]) => [once(field), copy(content)]));
  }

  return copy(data) as T;
}
