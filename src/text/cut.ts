/** At most so many characters, the last of them `…` where something is missing; never half a character. */
export function cut(text: string, mostCharacters: number): string {
  if (text.length <= mostCharacters) return text;
  const characters = [...text.slice(0, 2 * (mostCharacters + 1))];
  return characters.length > mostCharacters ? `${characters.slice(0, mostCharacters - 1).join("")}…` : text;
}
