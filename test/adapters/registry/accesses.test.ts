import assert from "node:assert/strict";
import { test } from "node:test";
import { createAccesses } from "../../../src/adapters/registry/accesses.ts";

const bearer = (token: string, until: number) => ({ scheme: "bearer", token, until }) as const;

test("a token is kept no longer than it is good, also when nobody asks with it any more", () => {
  let nowMs = 0;
  const accesses = createAccesses(() => nowMs);
  for (let i = 0; i < 100; i++) accesses.keep(`repository ${i}`, bearer("x".repeat(1_000), 60_000), "tenant");
  accesses.keep("another", bearer("y", 120_000), "tenant");
  accesses.keep("over", bearer("z", 0), "tenant");
  assert.equal(accesses.get("over"), undefined);
  nowMs = 60_000;
  assert.equal(accesses.get("repository 1"), undefined);
  accesses.keep("last", { scheme: "basic" }, "tenant");
  assert.ok(accesses.get("another"));
  // Where the clock could go back, those that are merely not given out would be there again.
  nowMs = 0;
  assert.equal(accesses.get("repository 1"), undefined);
});

// S33
test("the largest tokens of one tenant take a few MiB together, and none of another's", () => {
  const accesses = createAccesses(() => 0);
  accesses.keep("neighbour's", bearer("n", 60_000), "neighbour");
  const keys = Array.from({ length: 5_000 }, (_, i) => `repository ${i}`);
  for (const key of keys) accesses.keep(key, bearer("x".repeat(16 * 1024), 10 ** 12), "tenant");
  const kept = keys.filter((key) => accesses.get(key)).length;
  assert.ok(kept * 16 * 1024 <= 4 * 2 ** 20, `${kept} of them`);
  assert.ok(accesses.get("neighbour's"));
  assert.ok(accesses.get("repository 4999"));
});
