import assert from "node:assert/strict";
import { test } from "node:test";
import { createContentCache } from "../../../../src/adapters/git/packs/content-cache.ts";

// P10
test("what is kept holds no memory but its own, and the least recently used goes when the bound is reached", () => {
  const cache = createContentCache<string>(10_000);
  const large = Buffer.alloc(1_000_000, "x");
  cache.put("a", large.subarray(0, 1_000));
  assert.equal(cache.get("a")?.buffer.byteLength, 1_000);
  assert.equal(`${cache.get("a")}`, "x".repeat(1_000));
  for (let i = 0; i < 4; i++) cache.put(`${i}`, Buffer.alloc(1_000));
  cache.get("a");
  for (let i = 4; i < 8; i++) cache.put(`${i}`, Buffer.alloc(1_000));
  assert.ok(cache.get("a"), "used since");
  assert.equal(cache.get("0"), undefined);
});

test("the same key again counts once, and small contents count for what they take beside their bytes", () => {
  const cache = createContentCache<string>(10_000);
  for (let i = 0; i < 100; i++) cache.put("a", Buffer.alloc(4_000));
  cache.put("b", Buffer.alloc(4_000));
  assert.ok(cache.get("a") && cache.get("b"));
  for (let i = 0; i < 100; i++) cache.put(`${i}`, Buffer.alloc(1));
  assert.equal(Array.from({ length: 100 }, (_, i) => cache.get(`${i}`)).filter(Boolean).length < 20, true);
});
