import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../src/system-clock.ts";

test("a sleep that is ended rejects with the reason, whether it was ended before or meanwhile", async () => {
  const reason = new Error("the operator is shutting down");
  await assert.rejects(systemClock.sleep(60_000, AbortSignal.abort(reason)), reason);
  const ending = new AbortController();
  const slept = systemClock.sleep(60_000, ending.signal);
  ending.abort(reason);
  await assert.rejects(slept, reason);
  await systemClock.sleep(1, new AbortController().signal);
});
