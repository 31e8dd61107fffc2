import { createBoundedMap } from "../../../sharing/bounded-map.ts";
import { inOwnMemory } from "./own-memory.ts";

/** What a piece of memory of its own takes beside its bytes, measured. */
const BUFFER_BYTES = 256;

export type ContentCache<K extends string | number> = ReturnType<typeof createContentCache<K>>;

/** The contents used last, up to `maxBytes` together. */
export function createContentCache<K extends string | number>(maxBytes: number) {
  const contents = createBoundedMap<Buffer, K>(maxBytes, ({ length }) => length + BUFFER_BYTES);
  return {
    get(key: K): Buffer | undefined {
      const content = contents.get(key);
      if (content) contents.set(key, content);
      return content;
    },
    put: (key: K, content: Buffer) => contents.set(key, inOwnMemory(content)),
  };
}
