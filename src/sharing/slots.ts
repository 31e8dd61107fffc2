import { createHoldings } from "./holdings.ts";

/** A bounded number of places that no group can keep from the others. */
export interface Slots {
  /** Resolves when there is a place; the release counts once, however often it is called. */
  acquire(group: string): Promise<() => void>;
  /** Undefined: there was none in that time, so it is not waited for any more. */
  acquireWithin(group: string, ms: number): Promise<(() => void) | undefined>;
}

/** Who has had its place for longer than the lease waits for something outside, so the place goes on; this bounds how many there are of all ages. */
const MOST_PER_PLACE = 4;
/** Of those, one group may have half. */
const MOST_PER_GROUP = MOST_PER_PLACE / 2;
/** So many there may be before a group with nobody overdue has to wait too: however many groups are slow, they do not keep it out. */
const MOST_WITH_NEWCOMERS = 16;

/** A free place goes to the waiting group that holds the fewest, overdue ones first of all; among equals in turn, within a group in order. */
export function createSlots(size: number, leaseMs: number): Slots {
  const active = createHoldings();
  /** Of those: who have outstayed the lease, so that their places have gone on. */
  const overdue = createHoldings();
  /** The group that was served last comes last. */
  const waiting = new Map<string, ((release: () => void) => void)[]>();

  function mayHaveMore(group: string): boolean {
    const most = overdue.of(group) > 0 ? MOST_PER_PLACE : MOST_WITH_NEWCOMERS;
    return active.total < size * most && active.of(group) < size * MOST_PER_GROUP;
  }

  function holdsFewer(a: string, b: string): boolean {
    return overdue.of(a) < overdue.of(b) || (overdue.of(a) === overdue.of(b) && active.of(a) < active.of(b));
  }

  function grant(): void {
    while (active.total - overdue.total < size) {
      const open = [...waiting].filter(([group]) => mayHaveMore(group));
      if (open.length === 0) return;
      const [group, queue] = open.reduce((best, next) => (holdsFewer(next[0], best[0]) ? next : best));
      waiting.delete(group);
      if (queue.length > 1) waiting.set(group, queue);
      queue.shift()?.(hold(group));
    }
  }

  function hold(group: string): () => void {
    const releases = [active.take(group)];
    const lease = setTimeout(() => {
      releases.push(overdue.take(group));
      grant();
    }, leaseMs);
    return () => {
      clearTimeout(lease);
      for (const release of releases) release();
      grant();
    };
  }

  function wait(group: string, resolve: (release: () => void) => void): void {
    const queue = waiting.get(group);
    if (queue) queue.push(resolve);
    else waiting.set(group, [resolve]);
    // Not at once: who asks in the same breath is weighed together.
    queueMicrotask(grant);
  }

  function withdraw(group: string, resolve: (release: () => void) => void): void {
    const queue = waiting.get(group);
    const at = queue?.indexOf(resolve) ?? -1;
    if (at >= 0) queue?.splice(at, 1);
    if (queue?.length === 0) waiting.delete(group);
  }

  return {
    acquire: (group) => new Promise((resolve) => wait(group, resolve)),
    acquireWithin: (group, ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          withdraw(group, granted);
          resolve(undefined);
        }, ms);
        const granted = (release: () => void) => {
          clearTimeout(timer);
          resolve(release);
        };
        wait(group, granted);
      }),
  };
}
