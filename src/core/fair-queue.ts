/** At most `most` items that wait for one who takes them: groups in turn, within a group in order. */
export interface FairQueue<T> {
  /** Where there is no room, the group with the most items loses its oldest: true. */
  push(group: string, item: T): boolean;
  shift(): T | undefined;
  readonly length: number;
}

export function createFairQueue<T>(most: number): FairQueue<T> {
  /** The group that was served last comes last; none is empty. */
  const groups = new Map<string, T[]>();
  let length = 0;

  function take(group: string, items: T[]): T | undefined {
    length -= 1;
    const item = items.shift();
    if (items.length === 0) groups.delete(group);
    return item;
  }

  return {
    push(group, item) {
      const items = groups.get(group);
      if (items) items.push(item);
      else groups.set(group, [item]);
      length += 1;
      if (length <= most) return false;
      take(...[...groups].reduce((fullest, next) => (next[1].length > fullest[1].length ? next : fullest)));
      return true;
    },
    shift() {
      for (const [group, items] of groups) {
        const item = take(group, items);
        if (groups.delete(group)) groups.set(group, items);
        return item;
      }
      return undefined;
    },
    get length() {
      return length;
    },
  };
}
