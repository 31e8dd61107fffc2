/** A bounded number of places that no group can keep from the others. */
export interface Slots {
  /** Resolves when there is a place; the release counts once, however often it is called. */
  acquire(group: string): Promise<() => void>;
}

/** Who has had its place for longer than the lease waits for something outside, so the place goes on; this bounds how many there are of all ages. */
const MOST_PER_PLACE = 4;
/** Of those, one group may have half. */
const MOST_PER_GROUP = MOST_PER_PLACE / 2;
/** So many there may be before a group with nobody overdue has to wait too: however many groups are slow, they do not keep it out. */
const MOST_WITH_NEWCOMERS = 16;

/** The runs of one group, or of all. */
interface Held {
  readonly active: number;
  /** Of those: who have outstayed the lease, so that their places have gone on. */
  readonly overdue: number;
}

const NOTHING: Held = { active: 0, overdue: 0 };

/** A free place goes to the waiting group that holds the fewest, overdue ones first of all; among equals in turn, within a group in order. */
export function createSlots(size: number, leaseMs: number): Slots {
  let all = NOTHING;
  const groups = new Map<string, Held>();
  /** The group that was served last comes last. */
  const waiting = new Map<string, (() => void)[]>();

  const heldBy = (group: string) => groups.get(group) ?? NOTHING;

  function change(group: string, active: number, overdue: number): void {
    all = add(all, active, overdue);
    const held = add(heldBy(group), active, overdue);
    if (held.active > 0) groups.set(group, held);
    else groups.delete(group);
  }

  function mayHaveMore(group: string): boolean {
    const held = heldBy(group);
    const most = held.overdue > 0 ? MOST_PER_PLACE : MOST_WITH_NEWCOMERS;
    return all.active < size * most && held.active < size * MOST_PER_GROUP;
  }

  function grant(): void {
    while (all.active - all.overdue < size) {
      const open = [...waiting].filter(([group]) => mayHaveMore(group));
      if (open.length === 0) return;
      const [group, queue] = open.reduce((best, next) => (holdsFewer(heldBy(next[0]), heldBy(best[0])) ? next : best));
      waiting.delete(group);
      if (queue.length > 1) waiting.set(group, queue);
      change(group, 1, 0);
      queue.shift()?.();
    }
  }

  return {
    async acquire(group) {
      await new Promise<void>((resolve) => {
        const queue = waiting.get(group);
        if (queue) queue.push(resolve);
        else waiting.set(group, [resolve]);
        // Not at once: who asks in the same breath is weighed together.
        queueMicrotask(grant);
      });
      let isOverdue = false;
      let isReleased = false;
      const lease = setTimeout(() => {
        isOverdue = true;
        change(group, 0, 1);
        grant();
      }, leaseMs);
      return () => {
        if (isReleased) return;
        isReleased = true;
        clearTimeout(lease);
        change(group, -1, isOverdue ? -1 : 0);
        grant();
      };
    },
  };
}

function add({ active, overdue }: Held, moreActive: number, moreOverdue: number): Held {
  return { active: active + moreActive, overdue: overdue + moreOverdue };
}

function holdsFewer(a: Held, b: Held): boolean {
  return a.overdue < b.overdue || (a.overdue === b.overdue && a.active < b.active);
}
