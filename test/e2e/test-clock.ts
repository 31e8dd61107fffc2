import type { Clock } from "../../src/core/ports.ts";

/** A clock that tests move: sleeps of 5 s and more end only by `advance`, shorter ones by themselves. */
interface TestClock extends Clock {
  /** Long sleeps asked for so far, in milliseconds. */
  readonly sleeps: readonly number[];
  /** Moves the time on and wakes who is due. */
  advance(ms: number): void;
  /** Resolves when that many long sleeps have been asked for. */
  slept(count: number): Promise<void>;
}

export function createTestClock(): TestClock {
  let offset = 0;
  const sleeps: number[] = [];
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();
  const now = () => performance.now() + offset;
  return {
    now,
    sleeps,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const timer = ms < 5_000 ? setTimeout(resolve, ms) : undefined;
        const sleeper = { until: now() + ms, wake: resolve };
        if (!timer) {
          sleeps.push(ms);
          sleepers.add(sleeper);
        }
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          sleepers.delete(sleeper);
          reject(signal.reason);
        });
      });
    },
    advance(ms) {
      offset += ms;
      for (const sleeper of sleepers) {
        if (sleeper.until > now()) continue;
        sleepers.delete(sleeper);
        sleeper.wake();
      }
    },
    async slept(count) {
      for (let tries = 0; sleeps.length < count; tries++) {
        if (tries > 6_000) throw new Error(`only ${sleeps.length} of ${count} sleeps`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
}
