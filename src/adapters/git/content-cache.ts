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
      held += content.length - (contents.get(key)?.length ?? 0);
      contents.delete(key);
      contents.set(key, content);
      for (const [oldest, { length }] of contents) {
        if (held <= maxBytes) return;
        contents.delete(oldest);
        held -= length;
      }
    },
  };
}
