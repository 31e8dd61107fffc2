/** The oldest entries make room for a new one, so that all together never have more than `most`: entries, or what `sizeOf` measures. */
export function createBoundedMap<Value, Key = string>(most: number, sizeOf: (key: Key, value: Value) => number = () => 1) {
  const entries = new Map<Key, Value>();
  let held = 0;

  function remove(key: Key): void {
    const value = entries.get(key);
    if (value !== undefined && entries.delete(key)) held -= sizeOf(key, value);
  }

  return {
    get: (key: Key) => entries.get(key),
    delete: remove,
    /** From now on it is the newest. */
    set(key: Key, value: Value): void {
      remove(key);
      entries.set(key, value);
      held += sizeOf(key, value);
      for (const oldest of entries.keys()) {
        if (held <= most) return;
        remove(oldest);
      }
    },
  };
}
