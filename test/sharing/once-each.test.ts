import assert from "node:assert/strict";
import { test } from "node:test";
import { onceEach } from "../../src/sharing/once-each.ts";

test("work is done once for each object, whatever came of it, and equal objects are not mixed up", () => {
  const worked: object[] = [];
  const count = onceEach((key: { n: number }) => {
    worked.push(key);
    return key.n === 0 ? undefined : worked.length;
  });
  const [one, twin, zero] = [{ n: 1 }, { n: 1 }, { n: 0 }];
  assert.deepEqual([count(one), count(one), count(twin), count(zero), count(zero)], [1, 1, 2, undefined, undefined]);
  assert.deepEqual(worked, [one, twin, zero]);
});
