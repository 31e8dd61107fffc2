import { setImmediate as nextTurn } from "node:timers/promises";

/** To be awaited between pieces of long work: once it has gone on for `ms`, everybody else has a turn of the event loop. */
export function createPauses(ms: number): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < ms) return;
    await nextTurn();
    since = performance.now();
  };
}
