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
/** Groups with somebody overdue come after all that have none. */
const OVERDUE_WEIGHT = 1_000_000;

/** A free place goes to the waiting group that holds the fewest, overdue ones first of all; among equals in turn, within a group in order. */
export function createSlots(size: number, leaseMs: number): Slots {
  let taken = 0;
  let active = 0;
  const weights = new Map<string, number>();
  /** The group that was served last comes last. */
  const waiting = new Map<string, (() => void)[]>();

  const weightOf = (group: string) => weights.get(group) ?? 0;

  function weigh(group: string, change: number): void {
    const weight = weightOf(group) + change;
    if (weight > 0) weights.set(group, weight);
    else weights.delete(group);
  }

  function mayHaveMore(group: string): boolean {
    const overdue = Math.floor(weightOf(group) / OVERDUE_WEIGHT);
    const activeInGroup = overdue + (weightOf(group) % OVERDUE_WEIGHT);
    const most = overdue > 0 ? MOST_PER_PLACE : MOST_WITH_NEWCOMERS;
    return active < size * most && activeInGroup < size * MOST_PER_GROUP;
  }

  function grant(): void {
    while (taken < size) {
      const open = [...waiting].filter(([group]) => mayHaveMore(group));
      if (open.length === 0) return;
      const [group, queue] = open.reduce((best, next) => (weightOf(next[0]) < weightOf(best[0]) ? next : best));
      waiting.delete(group);
      if (queue.length > 1) waiting.set(group, queue);
      taken += 1;
      active += 1;
      weigh(group, 1);
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
        taken -= 1;
        weigh(group, OVERDUE_WEIGHT - 1);
        grant();
      }, leaseMs);
      return () => {
        if (isReleased) return;
        isReleased = true;
        clearTimeout(lease);
        active -= 1;
        if (!isOverdue) taken -= 1;
        weigh(group, isOverdue ? -OVERDUE_WEIGHT : -1);
        grant();
      };
    },
  };
}
