import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createSlots, type Slots } from "../../src/sharing/slots.ts";
import { createRandom } from "../random.ts";

const HOUR_MS = 3_600_000;

/** Asks for a place and notes when it comes. */
function queue(slots: Slots, group: string, name: string, got: string[]): Promise<() => void> {
  return slots.acquire(group).then((release) => {
    got.push(name);
    return release;
  });
}

/** Time that the test alone moves, a millisecond after the other. */
function stopTime(t: TestContext): { pass(ms: number): Promise<void> } {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  return {
    async pass(ms) {
      for (; ms > 0; ms--) {
        await turn();
        t.mock.timers.tick(1);
      }
      await turn();
    },
  };
}

test("who asks in the same breath is served by group in turn, whatever the order of asking", async () => {
  const slots = createSlots(4, HOUR_MS);
  const got: string[] = [];
  const releases = [..."aaaaaa", "b", "c"].map((group, index) => queue(slots, group, `${group}${index}`, got));
  await turn();
  assert.deepEqual(got, ["a0", "b6", "c7", "a1"]);
  for (const release of await Promise.all(releases.slice(0, 2))) release();
  await turn();
  assert.deepEqual(got.slice(4), ["a2", "a3"]);
  for (const release of releases) void release.then((end) => end());
});

test("a group that holds places waits behind one that holds none, however long it has waited", async () => {
  const slots = createSlots(2, HOUR_MS);
  const got: string[] = [];
  const [first, second] = [queue(slots, "a", "a0", got), queue(slots, "a", "a1", got)];
  const more = ["a2", "a3"].map((name) => queue(slots, "a", name, got));
  await turn();
  const late = queue(slots, "b", "b0", got);
  await turn();
  (await first)();
  await turn();
  assert.deepEqual(got, ["a0", "a1", "b0"]);
  for (const release of [second, late, ...more]) void release.then((end) => end());
});

test("a place that is held for longer than the lease goes on to another group, and the group that holds it stays behind", async (t) => {
  const time = stopTime(t);
  const slots = createSlots(1, 20);
  const got: string[] = [];
  const stalled = queue(slots, "stalled", "stalled0", got);
  const next = queue(slots, "stalled", "stalled1", got);
  await stalled;
  for (const name of ["well0", "well1"]) void queue(slots, "well", name, got).then((release) => release());
  await time.pass(20);
  await next;
  assert.deepEqual(got, ["stalled0", "well0", "well1", "stalled1"]);
});

test("a group with nobody overdue goes before one that has somebody, even where it holds more", async (t) => {
  const time = stopTime(t);
  const slots = createSlots(3, 10);
  const got: string[] = [];
  void queue(slots, "slow", "slow0", got);
  await time.pass(10);
  const [first] = ["well0", "well1", "well2"].map((name) => queue(slots, "well", name, got));
  for (const group of ["slow", "well"]) void queue(slots, group, `${group} again`, got);
  (await first)?.();
  await turn();
  assert.deepEqual(got, ["slow0", "well0", "well1", "well2", "well again"]);
});

test("who was overdue and is done has cost no place, and made none", async (t) => {
  const time = stopTime(t);
  const slots = createSlots(2, 10);
  const got: string[] = [];
  const overdue = ["a", "b"].map((name) => queue(slots, name, name, got));
  await time.pass(10);
  for (const release of await Promise.all(overdue)) release();
  for (const name of ["c", "d", "e"]) void queue(slots, name, name, got);
  await turn();
  assert.deepEqual(got, ["a", "b", "c", "d"]);
});

test("of groups that outstay the lease there are never more than four per place", async (t) => {
  const time = stopTime(t);
  const slots = createSlots(2, 1);
  const got: string[] = [];
  const all = Array.from({ length: 20 }, (_, index) => queue(slots, `tenant${index % 4}`, String(index), got));
  await time.pass(100);
  assert.equal(got.length, 8);
  (await all[0])?.();
  await time.pass(20);
  assert.equal(got.length, 9);
});

test("a group that does not outstay the lease is let in beside however many that do, up to sixteen per place", async (t) => {
  const time = stopTime(t);
  const slots = createSlots(2, 1);
  const got: string[] = [];
  for (let index = 0; index < 60; index++) void queue(slots, `slow${index % 20}`, `slow${index % 20}`, got);
  await time.pass(100);
  assert.deepEqual([new Set(got).size, got.length], [20, 21], "each of them while it was not known to be slow, and so the last one twice");
  const served: string[] = [];
  for (let index = 0; index < 30; index++) void queue(slots, `well${index % 3}`, "well", served).then((release) => release());
  await time.pass(100);
  assert.equal(served.length, 30);
  for (let tenant = 0; tenant < 20; tenant++) void queue(slots, `late${tenant}`, "late", got);
  await time.pass(100);
  assert.equal(got.length, 32);
});

// S17
test("a group whose members all outstay the lease has half of what there can be, and the others go on", async (t) => {
  const time = stopTime(t);
  const slots = createSlots(2, 1);
  const got: string[] = [];
  const all = Array.from({ length: 20 }, (_, index) => queue(slots, "tenant", String(index), got));
  await time.pass(100);
  assert.equal(got.length, 4);
  void queue(slots, "other", "other", got);
  await time.pass(20);
  assert.equal(got.at(-1), "other");
  (await all[0])?.();
  await time.pass(20);
  assert.equal(got.length, 6);
});

test("a release counts once, and whatever happens no place is lost", async () => {
  const { integer } = createRandom(7);
  for (let round = 0; round < 20; round++) {
    const size = 1 + integer(4);
    const slots = createSlots(size, HOUR_MS);
    let active = 0;
    const work = async (group: string) => {
      const release = await slots.acquire(group);
      active += 1;
      assert.ok(active <= size, `${active} of ${size}`);
      for (let turns = integer(5); turns > 0; turns--) await null;
      active -= 1;
      release();
      if (integer(2)) release();
    };
    await Promise.all(Array.from({ length: 50 }, () => work(String(integer(6)))));
    const releases = await Promise.all(Array.from({ length: size }, () => slots.acquire("last")));
    assert.equal(releases.length, size);
    for (const release of releases) release();
  }
});

test("who does not wait any longer gets no place and is forgotten, and takes no turn of others", async (t) => {
  const { pass } = stopTime(t);
  const slots = createSlots(1, HOUR_MS);
  const release = await slots.acquire("a");
  const late = slots.acquireWithin("b", 10);
  const patient = slots.acquireWithin("c", 1_000);
  await pass(11);
  assert.equal(await late, undefined);
  release();
  const got = await patient;
  assert.ok(got);
  await pass(1_000);
  got();
  assert.ok(await slots.acquireWithin("d", 10));
});
