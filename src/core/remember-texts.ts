import { createBoundedMap } from "./bounded-map.ts";

/** Remembers what `work` made of the texts used last, up to `maxCharacters` of them; for work that depends on nothing else. */
export function rememberTexts<V>(work: (text: string) => V, maxCharacters: number): (text: string) => V {
  const known = createBoundedMap<{ readonly value: V }>(maxCharacters, (text) => text.length);
  return (text) => {
    const found = known.get(text) ?? { value: work(text) };
    known.set(text, found);
    return found.value;
  };
}
