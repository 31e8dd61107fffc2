/** A bounded number of places; who comes first gets the next free one. */
export interface Slots {
  /** Resolves when a place is free; the release counts once, however often it is called. */
  acquire(): Promise<() => void>;
}

export function createSlots(size: number): Slots {
  let free = size;
  const waiting: (() => void)[] = [];
  return {
    async acquire() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      };
    },
  };
}
