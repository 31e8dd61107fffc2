import { createBoundedMap } from "../../../sharing/bounded-map.ts";
import { inOwnMemory } from "./own-memory.ts";

/** What a piece of memory of its own takes beside its bytes, measured. */
const BUFFER_BYTES = 256;

/** The contents used last, up to `maxBytes` together. */
export interface ContentCache<K> {
  get(key: K): Buffer | undefined;
  put(key: K, content: Buffer): void;
}

export function createContentCache<K extends string | number>(maxBytes: number): ContentCache<K> {
  const contents = createBoundedMap<Buffer, K>(maxBytes, ({ length }) => length + BUFFER_BYTES);
  return {
    get(key) {
      const content = contents.get(key);
      if (content) contents.set(key, content);
      return content;
    },
    put: (key, content) => contents.set(key, inOwnMemory(content)),
  };
}
