import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { WriteRequest } from "../../../src/core/delivery/delivery.ts";
import type { Seat } from "../../../src/core/delivery/writer.ts";
import { noObserver } from "../../../src/core/observer.ts";
import type { Progress } from "../../../src/core/progress.ts";
import { createRun, type RunPorts, runToEnd } from "../../../src/core/runs/run.ts";
import type { Outcome } from "../../../src/core/types.ts";
import { createSlots } from "../../../src/sharing/slots.ts";
import { targetOf } from "../targets.ts";

const DEADLINE_MS = 240_000;
const never = new Promise<never>(() => {});

// P6
test("a run that hangs has failed after 240 s; one that waits for a build goes on, and one that writes hears of it from the writer", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const written = Promise.withResolvers<Outcome>();
  const signals: AbortSignal[] = [];
  const ended: string[] = [];
  const start = (name: string, work: (progress: Progress, seat: Seat) => Promise<Outcome>) => {
    const ports: RunPorts = {
      ...{ slots: createSlots(1, 2 * DEADLINE_MS), observer: noObserver, closing: new AbortController().signal },
      work(_target, seat, progress) {
        signals.push(progress.signal);
        return work(progress, seat);
      },
    };
    const seat = { leave: () => undefined, write: () => written.promise };
    void runToEnd(createRun(targetOf(name), "call", never), seat, ports).then((outcome) => {
      ended.push(`${name}: ${outcome.kind === "failed" ? `${outcome.error.code}, ${outcome.error.message}` : outcome.kind}`);
    });
    return turn();
  };
  await start("hanging", (progress) => {
    progress.step("manifest", "reading the manifest");
    return never;
  });
  await start("building", (progress) => {
    progress.wait("building", async () => true);
    return never;
  });
  await start("writing", (_progress, seat) => seat.write({} as WriteRequest));
  t.mock.timers.tick(DEADLINE_MS - 1);
  await turn();
  assert.deepEqual(ended, []);
  t.mock.timers.tick(1);
  await turn();
  const overdue = "hanging: deadline, the run did not end within 240 s (it was reading the manifest); the next pass tries again";
  assert.deepEqual(ended, [overdue]);
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, false, true],
  );
  written.resolve({ kind: "patched", to: "7", commit: "c" });
  await turn();
  assert.deepEqual(ended, [overdue, "writing: patched"]);
});
