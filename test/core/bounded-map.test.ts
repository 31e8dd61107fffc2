import assert from "node:assert/strict";
import { test } from "node:test";
import { createBoundedMap } from "../../src/core/bounded-map.ts";

test("the entry that was set longest ago makes room", () => {
  const map = createBoundedMap<number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  map.set("c", 4);
  assert.deepEqual([map.get("a"), map.get("b"), map.get("c")], [3, undefined, 4]);
  map.delete("a");
  assert.equal(map.get("a"), undefined);
});

test("with a measure it is what the entries measure that is bounded, and a value that is replaced counts no more", () => {
  const map = createBoundedMap<string>(10, (_, value) => value.length);
  map.set("a", "1234");
  map.set("b", "1234");
  map.set("a", "123456");
  assert.deepEqual([map.get("a"), map.get("b")], ["123456", "1234"]);
  map.set("c", "1");
  assert.deepEqual([map.get("a"), map.get("b"), map.get("c")], ["123456", undefined, "1"]);
  map.set("d", "longer than all");
  assert.deepEqual([map.get("a"), map.get("c"), map.get("d")], [undefined, undefined, undefined]);
});
