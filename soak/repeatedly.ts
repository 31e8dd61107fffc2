import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../test/random.ts";

/** Acts again and again, with random pauses, until the signal; what an act has begun it ends. */
export async function repeatedly(
  signal: AbortSignal,
  random: Random,
  pauseMs: readonly [least: number, most: number],
  act: () => Promise<unknown>,
): Promise<void> {
  for (;;) {
    await pause(signal, pauseMs[0] + random.integer(pauseMs[1] - pauseMs[0]));
    if (signal.aborted) return;
    await act();
  }
}

/** Ends early at the signal. */
export async function pause(signal: AbortSignal, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
