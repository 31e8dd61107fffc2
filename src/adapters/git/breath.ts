import { setImmediate as nextTurn } from "node:timers/promises";

/** How long the event loop may have to wait. */
const BUSY_MS = 5;

/** To be awaited again and again during long work: gives other work a turn whenever this one has taken `BUSY_MS`. */
export function createBreath(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < BUSY_MS) return;
    await nextTurn();
    since = performance.now();
  };
}
