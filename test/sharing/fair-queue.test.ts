import assert from "node:assert/strict";
import { test } from "node:test";
import { createFairQueue } from "../../src/sharing/fair-queue.ts";

function drain(queue: ReturnType<typeof createFairQueue<string>>): string[] {
  const items: string[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  return items;
}

test("groups take turns, each in its order, however many items one has put in first", () => {
  const queue = createFairQueue<string>(100);
  for (const item of ["a0", "a1", "a2", "a3", "b0", "c0", "b1"]) assert.deepEqual(queue.push(item.charAt(0), item), []);
  assert.equal(queue.length, 7);
  assert.equal(queue.shift(), "a0");
  queue.push("d", "d0");
  assert.deepEqual(drain(queue), ["b0", "c0", "a1", "d0", "b1", "a2", "a3"]);
  assert.deepEqual([queue.length, queue.shift()], [0, undefined]);
});

// S17
test("a full queue takes from the group that has most, the oldest first, and never from one that has fewer", () => {
  const queue = createFairQueue<string>(6);
  for (let i = 0; i < 6; i++) queue.push("flood", `flood${i}`);
  for (const [i, item] of ["b0", "c0", "b1"].entries()) assert.deepEqual(queue.push(item.charAt(0), item), [`flood${i}`]);
  for (let i = 6; i < 20; i++) assert.deepEqual(queue.push("flood", `flood${i}`), [`flood${i - 3}`]);
  assert.equal(queue.length, 6);
  assert.deepEqual(drain(queue), ["flood17", "b0", "c0", "flood18", "b1", "flood19"]);
});

test("an item that is alone in a full queue makes room for the next", () => {
  const queue = createFairQueue<string>(1);
  queue.push("a", "a0");
  assert.deepEqual(queue.push("a", "a1"), ["a0"]);
  assert.deepEqual(drain(queue), ["a1"]);
});

test("groups that may not be served yet keep their turn", () => {
  const queue = createFairQueue<string>(100);
  for (const item of ["a0", "a1", "b0", "c0"]) queue.push(item.charAt(0), item);
  assert.equal(
    queue.shift((group) => group !== "a"),
    "b0",
  );
  assert.equal(
    queue.shift((_group, first) => first === "b0"),
    undefined,
  );
  assert.deepEqual(drain(queue), ["a0", "c0", "a1"]);
});

test("what is removed leaves its room and the order of the others", () => {
  const queue = createFairQueue<string>(4);
  for (const item of ["a0", "a1", "a2", "b0"]) queue.push(item.charAt(0), item);
  for (const item of ["a1", "a1", "b0", "b1", "c0"]) queue.remove(item.charAt(0), item);
  assert.equal(queue.length, 2);
  assert.deepEqual(queue.push("c", "c0"), []);
  assert.deepEqual(queue.push("c", "c1"), []);
  assert.deepEqual(drain(queue), ["a0", "c0", "a2", "c1"]);
});

test("a queue that measures its items takes from the group that has most of them by size, until all have room", () => {
  const queue = createFairQueue<string>(10, (item) => item.length);
  for (const item of ["aaaa", "aa", "b", "b", "b"]) queue.push(item.charAt(0), item);
  assert.deepEqual(queue.push("c", "cccccc"), ["aaaa", "cccccc"]);
  assert.deepEqual(drain(queue), ["aa", "b", "b", "b"]);
});
