/** Remembers what `work` made of the texts used last, up to `maxCharacters` of them; for work that depends on nothing else. */
export function rememberTexts<V>(work: (text: string) => V, maxCharacters: number): (text: string) => V {
  const known = new Map<string, V>();
  let held = 0;
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) {
      known.delete(text);
      known.set(text, found);
      return found;
    }
    const value = work(text);
    known.set(text, value);
    held += text.length;
    for (const [oldest] of known) {
      if (held <= maxCharacters) break;
      known.delete(oldest);
      held -= oldest.length;
    }
    return value;
  };
}
