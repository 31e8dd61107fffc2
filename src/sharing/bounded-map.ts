/** What an entry takes beside its key and its value, measured. */
const ENTRY_BYTES = 256;

interface Group<Key, Value> {
  bytes: number;
  /** The newest last. */
  readonly entries: Map<Key, { readonly value: Value; readonly bytes: number }>;
}

/**
 * Holds no more than `mostBytes`: keys, what `sizeOf` says of values, and what every entry takes. Where there is no room, the group (a namespace,
 * say) that holds the most loses its oldest entries, so that none drives out what belongs to others. What is over goes at the next `set`.
 */
export function createBoundedMap<Value, Key extends string | number = string>(
  mostBytes: number,
  sizeOf: (value: Value) => number,
  isOver?: (value: Value) => boolean,
) {
  const groups = new Map<string, Group<Key, Value>>();
  const groupOf = new Map<Key, string>();
  let held = 0;

  function remove(key: Key): void {
    const name = groupOf.get(key);
    const group = name === undefined ? undefined : groups.get(name);
    const entry = group?.entries.get(key);
    if (name === undefined || !group || !entry) return;
    groupOf.delete(key);
    group.entries.delete(key);
    group.bytes -= entry.bytes;
    held -= entry.bytes;
    if (group.entries.size === 0) groups.delete(name);
  }

  function makeRoom(): void {
    while (held > mostBytes) {
      const [first, ...others] = groups.values();
      const largest = others.reduce((most, group) => (most && most.bytes >= group.bytes ? most : group), first);
      const [oldest] = largest?.entries.keys() ?? [];
      if (oldest !== undefined) remove(oldest);
    }
  }

  function* entries(): Generator<[Key, Value]> {
    for (const group of groups.values()) for (const [key, { value }] of group.entries) yield [key, value];
  }

  function removeOver(): void {
    if (isOver) for (const [key, value] of entries()) if (isOver(value)) remove(key);
  }

  return {
    get(key: Key): Value | undefined {
      const value = groups.get(groupOf.get(key) ?? "")?.entries.get(key)?.value;
      if (value === undefined || !isOver?.(value)) return value;
      remove(key);
      return undefined;
    },
    delete: remove,
    /** From now on it is the newest; a value that has changed is measured anew. */
    set(key: Key, value: Value, name = ""): void {
      remove(key);
      const bytes = ENTRY_BYTES + (typeof key === "string" ? 2 * key.length : 0) + sizeOf(value);
      const group = groups.get(name) ?? { bytes: 0, entries: new Map() };
      groups.set(name, group);
      groupOf.set(key, name);
      group.entries.set(key, { value, bytes });
      group.bytes += bytes;
      held += bytes;
      removeOver();
      makeRoom();
    },
    *values(): Generator<Value> {
      removeOver();
      for (const [, value] of entries()) yield value;
    },
    get size() {
      return groupOf.size;
    },
    /** Counted, of all entries together. */
    get bytes() {
      return held;
    },
  };
}
