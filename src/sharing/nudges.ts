/** Tells who waits that there may be news. One nudge counts once, also where nobody waited yet. */
export interface Nudges {
  nudge(): void;
  /** Resolves at the next nudge, or at once for one that nobody has seen. */
  next(): Promise<void>;
}

export function createNudges(): Nudges {
  let isPending = false;
  let waiting: PromiseWithResolvers<void> | undefined;
  return {
    nudge() {
      if (waiting) waiting.resolve();
      else isPending = true;
      waiting = undefined;
    },
    next() {
      if (isPending) {
        isPending = false;
        return Promise.resolve();
      }
      waiting ??= Promise.withResolvers();
      return waiting.promise;
    },
  };
}
