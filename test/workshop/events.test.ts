import assert from "node:assert/strict";
import { test } from "node:test";
import { type EventBody, readEvent } from "../../src/core/hints/read-event.ts";
import { createEventReader } from "../../src/workshop/events.ts";
import { createWorkshop } from "../../src/workshop/workshop.ts";
import { leastCpuMs } from "../growth.ts";

const bodyOf = (text: string): EventBody => ({ bytes: new TextEncoder().encode(text), form: "json" });
const push = (fill = "") => `{"fill":[${fill}],"image":"team/shop:4f2a1c9"}`;

// S32
test("an event of 2 MiB is read in a thread: the same hint as of a small one, for a quarter of the main thread's time at most", async (t) => {
  const workshop = createWorkshop();
  t.after(() => workshop.close());
  const read = createEventReader(workshop);
  const large = push(Array(600_000).fill("{}").join(","));
  assert.deepEqual(await read(bodyOf(large), "team"), readEvent(bodyOf(push())));
  const inline = await leastCpuMs(() => readEvent(bodyOf(large)));
  let least = Infinity;
  for (let tries = 0; tries < 3; tries++) {
    const body = bodyOf(large);
    const before = process.threadCpuUsage();
    await read(body, "team");
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  assert.ok(least < inline / 4, `${least} of ${inline}`);
});

// S32
test("an event that costs more than a job may tells of nothing, and fails nothing", async (t) => {
  const workshop = createWorkshop({ jobMs: 1 });
  t.after(() => workshop.close());
  const hint = await createEventReader(workshop)(bodyOf(push(Array(600_000).fill("{}").join(","))), "team");
  assert.deepEqual(hint, { about: "nothing", kind: "other", why: "the event is more than can be read" });
});
