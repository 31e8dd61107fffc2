import assert from "node:assert/strict";
import { test } from "node:test";
import { createLightSleep } from "../../../src/core/images/light-sleep.ts";
import type { Clock } from "../../../src/core/ports.ts";
import { createNudges } from "../../../src/sharing/nudges.ts";

/** A clock that a test moves from one sleep to the next. */
function startClock() {
  let now = 0;
  const sleeps: { ms: number; wake: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const sleep = { ms, wake: resolve };
        sleeps.push(sleep);
        signal.addEventListener("abort", () => {
          sleeps.splice(sleeps.indexOf(sleep), 1);
          reject(signal.reason);
        });
      }),
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    clock,
    asleep: () => sleeps.map(({ ms }) => ms),
    /** Lets the one that sleeps sleep to its end. */
    async endSleep() {
      const [sleep] = sleeps.splice(0, 1);
      assert.ok(sleep, "nobody sleeps");
      now += sleep.ms;
      sleep.wake();
      await settled();
    },
    async pass(ms: number) {
      now += ms;
      await settled();
    },
    settled,
  };
}

function start() {
  const world = startClock();
  const nudges = createNudges();
  const stop = new AbortController();
  const sleep = createLightSleep({ clock: world.clock, signal: stop.signal, nudged: nudges.next });
  return { ...world, nudges, stop, sleep };
}

test("without a nudge it lasts as long as it is to, to the millisecond", async () => {
  const { sleep, asleep, endSleep, settled } = start();
  sleep.begin(10_000);
  const early = sleep.endsEarly();
  await settled();
  assert.deepEqual(asleep(), [10_000]);
  await endSleep();
  assert.equal(await early, false);
});

test("a nudge ends it at once; then it is looked again after 1, 2 and 4 s, and at last at the time that it was to last", async () => {
  const { sleep, nudges, asleep, endSleep, pass, settled } = start();
  sleep.begin(30_000);
  let early = sleep.endsEarly();
  await pass(5_000);
  nudges.nudge();
  assert.equal(await early, true);
  for (const soon of [1_000, 2_000, 4_000]) {
    early = sleep.endsEarly();
    await settled();
    assert.deepEqual(asleep(), [soon]);
    await endSleep();
    assert.equal(await early, true);
  }
  early = sleep.endsEarly();
  await settled();
  assert.deepEqual(asleep(), [30_000 - 5_000 - 7_000]);
  await endSleep();
  assert.equal(await early, false);
});

test("one that came while nobody slept is not lost, and many at once are one", async () => {
  const { sleep, nudges, asleep, settled } = start();
  sleep.begin(10_000);
  for (let count = 0; count < 100; count++) nudges.nudge();
  assert.equal(await sleep.endsEarly(), true);
  void sleep.endsEarly();
  await settled();
  assert.deepEqual(asleep(), [1_000], "the others were the same");
});

// F51
test("a storm of nudges is one look a second, and 20 in a run", async () => {
  const { sleep, nudges, asleep, endSleep, settled } = start();
  sleep.begin(3_600_000);
  const waits: number[] = [];
  for (let look = 1; look <= 20; look++) {
    nudges.nudge();
    const early = sleep.endsEarly();
    await settled();
    if (look > 1) {
      waits.push(...asleep());
      await endSleep();
    }
    assert.equal(await early, true, `${look}`);
  }
  assert.deepEqual([...new Set(waits)], [1_000]);
  nudges.nudge();
  void sleep.endsEarly();
  await settled();
  assert.deepEqual(asleep(), [3_600_000 - 19_000]);
});

test("who is to stop stops, also in an early look's rest, and leaves no sleep behind", async () => {
  const { sleep, nudges, stop, asleep } = start();
  sleep.begin(10_000);
  nudges.nudge();
  await sleep.endsEarly();
  nudges.nudge();
  const early = sleep.endsEarly();
  stop.abort(new Error("the end"));
  await assert.rejects(early, /the end/);
  assert.deepEqual(asleep(), []);
});
