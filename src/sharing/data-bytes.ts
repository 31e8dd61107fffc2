/** What plain data takes in memory: two bytes a character, 16 for every field, item and number. Errors count with their words and causes. */
export function dataBytes(data: unknown): number {
  if (typeof data === "string") return 16 + 2 * data.length;
  if (typeof data !== "object" || data === null) return 16;
  const parts = data instanceof Error ? [data.message, data.stack, data.cause instanceof Error && data.cause] : Object.values(data);
  return parts.reduce<number>((sum, part) => sum + 16 + dataBytes(part), 16);
}
