import { createBoundedMap } from "../../core/bounded-map.ts";
import { inOwnMemory } from "./own-memory.ts";

/** What an entry takes beside its content, measured. */
const ENTRY_BYTES = 512;

/** The contents used last, up to `maxBytes` together. */
export interface ContentCache<K> {
  get(key: K): Buffer | undefined;
  put(key: K, content: Buffer): void;
}

export function createContentCache<K>(maxBytes: number): ContentCache<K> {
  const contents = createBoundedMap<Buffer, K>(maxBytes, (_, { length }) => length + ENTRY_BYTES);
  return {
    get(key) {
      const content = contents.get(key);
      if (content) contents.set(key, content);
      return content;
    },
    put: (key, content) => contents.set(key, inOwnMemory(content)),
  };
}
