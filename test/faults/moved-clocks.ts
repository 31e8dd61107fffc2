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
  const now = () => RealDate.now() + offset;
  globalThis.Date = new Proxy(RealDate, {
    construct: (date, values) => Reflect.construct(date, values.length > 0 ? values : [now()]),
    get: (date, key) => (key === "now" ? now : Reflect.get(date, key)),
  });
  t.after(() => {
    globalThis.Date = RealDate;
  });
  return {
    jumpTo(offsetMs) {
      offset = offsetMs;
    },
  };
}
