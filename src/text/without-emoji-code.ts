/** The text for where `:x:` is no picture. */
export function withoutEmojiCode(text: string): string {
  return text.replace(/^:[a-z_]+: /, "");
}
