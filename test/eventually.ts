import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

/** Looks again until it holds; the limit only ends a test that has failed, so a busy machine may take its time. */
export async function eventually(condition: () => Promise<boolean> | boolean, what = "it never came about"): Promise<void> {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 6_000) assert.fail(what);
    await sleep(10);
  }
}
