/** Control, format (bidirectional, zero width), line separator and lone surrogate characters: what can lie about, or break, a line of text. */
export const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

export const unprintables = new RegExp(unprintable.source, "gu");
const named = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** Text as one line that can only look like what it is. */
export function escapeControl(text: string): string {
  return text.replace(unprintables, (char) => named.get(char) ?? `\\u{${char.codePointAt(0)?.toString(16)}}`);
}
