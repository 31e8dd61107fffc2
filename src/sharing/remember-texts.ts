import { createBoundedMap } from "./bounded-map.ts";
import { dataBytes } from "./data-bytes.ts";

/** Remembers what `work` made of the texts used last, up to `mostBytes` of both; for work that gives plain data and depends on nothing else. */
export function rememberTexts<V>(work: (text: string) => V, mostBytes: number): (text: string) => V {
  const known = createBoundedMap<{ readonly value: V; readonly bytes: number }>(mostBytes, ({ bytes }) => bytes);
  const learn = (value: V) => ({ value, bytes: dataBytes(value) });
  return (text) => {
    const found = known.get(text) ?? learn(work(text));
    known.set(text, found);
    return found.value;
  };
}
