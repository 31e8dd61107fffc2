/** Small, seeded, the same on every machine (mulberry32): a failure repeats. */
export function createRandom(seed: number) {
  let state = seed;
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  /** From 0 up to, not including, the limit. */
  const integer = (limit: number) => Math.floor(next() * limit);
  function pick<T>(choices: readonly T[]): T {
    const choice = choices[integer(choices.length)];
    if (choice === undefined) throw new Error("nothing to pick from");
    return choice;
  }
  const text = (alphabet: readonly string[], maxParts: number) =>
    Array.from({ length: integer(maxParts + 1) }, () => pick(alphabet)).join("");
  return { integer, pick, text };
}

export type Random = ReturnType<typeof createRandom>;
