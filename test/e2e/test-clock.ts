import type { Clock } from "../../src/core/ports.ts";

/** A clock that tests move: sleeps of 5 s and more end only by `advance`, shorter ones by themselves. */
interface TestClock extends Clock {
  /** Long sleeps asked for so far, in milliseconds. */
  readonly sleeps: readonly number[];
  /** Moves the time on and wakes who is due. */
  advance(ms: number): void;
  /** Resolves when that many long sleeps have been asked for. */
  slept(count: number): Promise<void>;
  /** For the operator's option of that name: by itself an answer is due as late as in production, however busy the machine is. */
  answerDue(afterMs: number): AbortSignal;
  /** Every answer that is awaited is due now. */
  answer(): void;
  /** What is answered while a long sleep goes on that the question began. */
  answerInSleep<T>(ask: () => Promise<T>): Promise<T>;
}

export function createTestClock(): TestClock {
  let offset = 0;
  const sleeps: number[] = [];
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();
  const now = () => performance.now() + offset;
  let due = new AbortController();
  function answer(): void {
    due.abort();
    due = new AbortController();
  }
  return {
    now,
    answer,
    answerDue: (afterMs) => AbortSignal.any([due.signal, AbortSignal.timeout(afterMs)]),
    async answerInSleep(ask) {
      const before = sleeps.length;
      let isAnswered = false;
      const answered = ask().finally(() => {
        isAnswered = true;
      });
      while (sleeps.length === before && !isAnswered) await new Promise((resolve) => setTimeout(resolve, 10));
      answer();
      return answered;
    },
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
