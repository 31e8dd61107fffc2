import assert from "node:assert/strict";
import { test } from "node:test";
import { createBoundedMap } from "../../src/sharing/bounded-map.ts";
import { dataBytes } from "../../src/sharing/data-bytes.ts";
import { usedBytes } from "../held-memory.ts";

const ofLength = (value: string) => value.length;

test("the entry that was set longest ago makes room", () => {
  const map = createBoundedMap<string>(2_000, ofLength);
  map.set("a", "1".repeat(500));
  map.set("b", "2".repeat(500));
  map.set("a", "3".repeat(500));
  map.set("c", "4".repeat(500));
  assert.deepEqual(
    ["a", "b", "c"].map((key) => map.get(key)?.[0]),
    ["3", undefined, "4"],
  );
  map.delete("a");
  assert.equal(map.get("a"), undefined);
  map.delete("c");
  assert.equal(map.bytes, 0);
});

test("keys and entries count beside the values, and a value that is replaced or has grown is measured anew", () => {
  const map = createBoundedMap<{ text: string }>(100_000, ({ text }) => text.length);
  for (let i = 0; i < 10_000; i++) map.set(`${i}`, { text: "" });
  assert.ok([...map.values()].length < 500, "empty values");
  const long = createBoundedMap<{ text: string }>(100_000, ({ text }) => text.length);
  for (let i = 0; i < 100; i++) long.set(`${i}`.padEnd(10_000, "k"), { text: "" });
  assert.ok([...long.values()].length < 6, "long keys");
  const grown = { text: "" };
  map.set("grown", grown);
  grown.text = "x".repeat(200_000);
  map.set("grown", grown);
  assert.equal(map.get("grown"), undefined);
  for (let i = 0; i < 1_000; i++) map.set("same", { text: "y".repeat(50_000) });
  assert.ok(map.get("same"));
  assert.ok(map.bytes < 100_000, `${map.bytes} bytes`);
});

// S33
test("the group that holds the most makes room, so no tenant drives out what belongs to others", () => {
  const map = createBoundedMap<string>(50_000, ofLength);
  for (let i = 0; i < 20; i++) map.set(`small ${i}`, "x".repeat(500), `tenant ${i}`);
  for (let i = 0; i < 10_000; i++) map.set(`greedy ${i}`, "x".repeat(500), "greedy");
  assert.ok(Array.from({ length: 20 }, (_, i) => map.get(`small ${i}`)).every(Boolean));
  assert.ok(map.get("greedy 9999"));
  assert.equal(map.get("greedy 0"), undefined);
  map.set("huge", "x".repeat(1_000_000), "greedy");
  assert.equal(map.get("huge"), undefined);
  assert.ok(map.get("small 0"));
});

test("what is counted is at least what is held, whatever the size of entries", async () => {
  for (const length of [10, 1_000, 100_000]) {
    const map = createBoundedMap<{ readonly text: string }>(2 ** 23, dataBytes);
    const before = await usedBytes();
    for (let i = 0; map.bytes < 2 ** 22; i++) map.set(`key ${i}`, { text: Buffer.alloc(length, `${i}`).toString() }, `group ${i % 10}`);
    const held = (await usedBytes()) - before;
    assert.ok(held < 1.25 * map.bytes, `${held} bytes of entries of ${length}, counted ${map.bytes}`);
  }
});

test("what is over is kept no longer, also when nobody asks for it any more", () => {
  let now = 0;
  const map = createBoundedMap<{ readonly until: number }>(
    100_000,
    () => 100,
    ({ until }) => until <= now,
  );
  for (let i = 0; i < 100; i++) map.set(`short ${i}`, { until: 60 });
  map.set("long", { until: 120 });
  map.set("over", { until: 0 });
  assert.equal(map.get("over"), undefined);
  now = 60;
  assert.equal(map.get("short 1"), undefined);
  map.set("last", { until: 180 });
  assert.equal([...map.values()].length, 2);
  // Where the clock could go back, those that are merely not given out would be there again.
  now = 0;
  assert.equal(map.get("short 2"), undefined);
  assert.ok(map.get("long"));
});
