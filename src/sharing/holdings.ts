/** How much each holds of something that all have in common, and all together. */
export function createHoldings() {
  const heldBy = new Map<string, number>();
  let total = 0;

  function change(holder: string, by: number): void {
    const held = (heldBy.get(holder) ?? 0) + by;
    if (held > 0) heldBy.set(holder, held);
    else heldBy.delete(holder);
    total += by;
  }

  return {
    of: (holder: string) => heldBy.get(holder) ?? 0,
    get total() {
      return total;
    },
    /** To be called once it is given back; further calls do nothing. */
    take(holder: string, amount = 1): () => void {
      change(holder, amount);
      let isHeld = true;
      return () => {
        if (isHeld) change(holder, -amount);
        isHeld = false;
      };
    },
  };
}
