import assert from "node:assert/strict";
import { test } from "node:test";
import { durationInWords } from "../../src/text/duration-in-words.ts";

test("whole units of the largest that fits", () => {
  for (const [ms, words] of [
    [-5, "0 seconds"],
    [999, "0 seconds"],
    [1_000, "1 second"],
    [59_999, "59 seconds"],
    [60_000, "1 minute"],
    [7_199_999, "1 hour"],
    [86_400_000, "1 day"],
    [40 * 86_400_000, "40 days"],
  ] as const) {
    assert.equal(durationInWords(ms), words);
  }
});
