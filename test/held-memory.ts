import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes that are in use: garbage does not count, nor what the allocator keeps for later. */
export async function usedBytes(): Promise<number> {
  // What the first look finds unused may still hold something until the next turn.
  for (let look = 0; look < 3; look++) {
    await nextTurn();
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
