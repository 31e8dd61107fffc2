export type FairQueue<T> = ReturnType<typeof createFairQueue<T>>;

/**
 * A bounded number of items that wait for one who takes them: groups in turn, within a group in order. `most`: items, or what `sizeOf` measures
 * of all together.
 */
export function createFairQueue<T>(most: number, sizeOf: (item: T) => number = () => 1) {
  /** The group that was served last comes last; none is empty. */
  const groups = new Map<string, { readonly items: T[]; size: number }>();
  let length = 0;
  let size = 0;

  /** The item of that group at `index`. */
  function take(group: string, index = 0): T {
    const waiting = groups.get(group);
    const [item] = waiting?.items.splice(index, 1) ?? [];
    if (waiting === undefined || item === undefined) throw new Error("a group without items waits");
    length -= 1;
    waiting.size -= sizeOf(item);
    size -= sizeOf(item);
    if (waiting.items.length === 0) groups.delete(group);
    return item;
  }

  return {
    /** Where there is no room, the group that has most loses its oldest: those that went. */
    push(group: string, item: T): readonly T[] {
      const waiting = groups.get(group) ?? { items: [], size: 0 };
      groups.set(group, waiting);
      waiting.items.push(item);
      waiting.size += sizeOf(item);
      size += sizeOf(item);
      length += 1;
      const gone: T[] = [];
      while (size > most) gone.push(take([...groups].reduce((fullest, next) => (next[1].size > fullest[1].size ? next : fullest))[0]));
      return gone;
    },
    /** Of the groups that may be served, by their first item. */
    shift(mayBeServed: (group: string, first: T) => boolean = () => true): T | undefined {
      for (const [group, waiting] of groups) {
        const [first] = waiting.items;
        if (first === undefined || !mayBeServed(group, first)) continue;
        const item = take(group);
        if (groups.delete(group)) groups.set(group, waiting);
        return item;
      }
      return undefined;
    },
    /** What is not there is gone already. */
    remove(group: string, item: T): void {
      const index = groups.get(group)?.items.indexOf(item) ?? -1;
      if (index >= 0) take(group, index);
    },
    get length() {
      return length;
    },
  };
}
