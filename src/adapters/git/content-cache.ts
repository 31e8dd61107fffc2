import { inOwnMemory } from "./own-memory.ts";

/** What an entry takes beside its content. */
const ENTRY_BYTES = 256;

/** The contents used last, up to `maxBytes` together. */
export interface ContentCache<K> {
  get(key: K): Buffer | undefined;
  put(key: K, content: Buffer): void;
}

export function createContentCache<K>(maxBytes: number): ContentCache<K> {
  const contents = new Map<K, Buffer>();
  let held = 0;
  return {
    get(key) {
      const content = contents.get(key);
      if (content && contents.delete(key)) contents.set(key, content);
      return content;
    },
    put(key, content) {
      const before = contents.get(key);
      if (before && contents.delete(key)) held -= before.length + ENTRY_BYTES;
      contents.set(key, inOwnMemory(content));
      held += content.length + ENTRY_BYTES;
      for (const [oldest, { length }] of contents) {
        if (held <= maxBytes) return;
        contents.delete(oldest);
        held -= length + ENTRY_BYTES;
      }
    },
  };
}
