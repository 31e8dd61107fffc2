import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

/** Looks again for five seconds at most. */
export async function eventually(condition: () => Promise<boolean> | boolean, what = "it never came about"): Promise<void> {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 500) assert.fail(what);
    await sleep(10);
  }
}
