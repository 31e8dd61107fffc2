import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "./core/ports.ts";

export const systemClock: Clock = {
  now: () => performance.now(),
  // Node rejects with an AbortError of its own, which would pass for a bug of ours.
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted()),
};
