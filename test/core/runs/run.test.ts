import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { WriteRequest } from "../../../src/core/delivery/write-request.ts";
import type { Seat } from "../../../src/core/delivery/writer.ts";
import { noObserver } from "../../../src/core/observer.ts";
import type { Outcome } from "../../../src/core/outcome.ts";
import type { Progress } from "../../../src/core/progress.ts";
import { createRun, type RunPorts, runToEnd } from "../../../src/core/runs/run.ts";
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

// S10, S17
test("a push to the branch of the manifests waits for those of others, so it gives its place up; a proposal waits for nobody and keeps it, so no more are under way than there are places", async () => {
  const begun: string[] = [];
  const ports: RunPorts = {
    ...{ slots: createSlots(1, DEADLINE_MS), observer: noObserver, closing: new AbortController().signal },
    work({ name }, seat) {
      begun.push(name);
      return seat.write({} as WriteRequest);
    },
  };
  const proposal = { branch: "gitops-operator/x", labels: [], autoMerge: false, forge: undefined, token: undefined };
  const end = new Map<string, (outcome: Outcome) => void>();
  const start = (name: string, more: { proposal?: typeof proposal } = {}) => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    end.set(name, resolve);
    void runToEnd(createRun(targetOf(name, more), "call", never), { leave: () => undefined, write: () => promise }, ports);
  };
  start("pushed");
  start("proposed", { proposal });
  start("waiting", { proposal });
  for (let i = 0; i < 9; i++) await turn();
  assert.deepEqual(begun, ["pushed", "proposed"]);
  end.get("proposed")?.({ kind: "up_to_date", to: "7" });
  for (let i = 0; i < 9; i++) await turn();
  assert.deepEqual(begun, ["pushed", "proposed", "waiting"]);
  for (const settle of end.values()) settle({ kind: "up_to_date", to: "7" });
});
