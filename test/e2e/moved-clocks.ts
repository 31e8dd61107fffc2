/** Clocks that tests move for everything in the process; back where they were after the test. */
import type { TestContext } from "node:test";

/** Time that passes, for what measures it: monotonic. Timers are not moved. */
export function moveTime(t: TestContext): { advance(ms: number): void } {
  let offset = 0;
  const now = performance.now.bind(performance);
  t.mock.method(performance, "now", () => now() + offset);
  return {
    advance(ms) {
      offset += ms;
    },
  };
}

/** What a wall clock shows when somebody sets it. */
export function moveWallClock(t: TestContext): { jumpTo(offsetMs: number): void } {
  let offset = 0;
  const RealDate = globalThis.Date;
  class MovedDate extends RealDate {
    // biome-ignore lint/suspicious/noExplicitAny: as many signatures as Date has
    constructor(...args: any[]) {
      if (args.length === 0) super(RealDate.now() + offset);
      else super(...(args as [number]));
    }
    static override now(): number {
      return RealDate.now() + offset;
    }
  }
  globalThis.Date = MovedDate as DateConstructor;
  t.after(() => {
    globalThis.Date = RealDate;
  });
  return {
    jumpTo(offsetMs) {
      offset = offsetMs;
    },
  };
}
