import assert from "node:assert/strict";
import { test } from "node:test";
import { createHoldings } from "../../src/sharing/holdings.ts";

test("what each holds and what all hold is counted until it is given back, once", () => {
  const holdings = createHoldings();
  const giveBack = holdings.take("a", 3);
  holdings.take("a");
  holdings.take("b", 2);
  assert.deepEqual([holdings.of("a"), holdings.of("b"), holdings.of("c"), holdings.total], [4, 2, 0, 6]);
  for (let i = 0; i < 2; i++) giveBack();
  assert.deepEqual([holdings.of("a"), holdings.total], [1, 3]);
});
