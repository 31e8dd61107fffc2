import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Push } from "../../../src/core/observer.ts";
import { createRollouts } from "../../../src/core/runs/rollouts.ts";
import type { Rollout, WorkloadRecord } from "../../../src/core/types.ts";

const workload = { kind: "Deployment", namespace: "default", name: "shop" } as const;
const push = (tag: string): Push => ({ workload, image: { repository: "team/shop" }, tag, appCommitTime: 1 });
const record = (tag: string, rollout: Rollout): WorkloadRecord => ({
  ...{ ...workload, annotations: {}, rollout },
  containers: [
    { name: "proxy", image: "team/proxy:1" },
    { name: "shop", image: `team/shop:${tag}` },
  ],
});

/** The looks are made by hand, in place of the timer. */
function startRollouts(t: TestContext) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const told: string[] = [];
  const results: string[] = [];
  const closing = new AbortController();
  let now: WorkloadRecord | undefined = record("old", "done");
  const rollouts = createRollouts({
    workloads: { get: () => now },
    observer: { rolledOut: (result) => told.push(result) },
    onResult: (_push, result) => results.push(result),
    stopping: closing.signal,
  });
  const look = (next: WorkloadRecord | undefined) => {
    now = next;
    t.mock.timers.tick(1_000);
    const decided = told.filter((result) => result !== "superseded");
    assert.deepEqual(results, decided, "who tells people hears what is counted");
    return [...told];
  };
  return { rollouts, look, close: () => closing.abort() };
}

test("a pushed tag has succeeded once the cluster runs it, not while the Pods are those before or not all there; it is told once", (t) => {
  const { rollouts, look } = startRollouts(t);
  rollouts.pushed(push("new"));
  assert.deepEqual(look(record("old", "done")), [], "the tag that was there before is all there");
  assert.deepEqual(look(record("new", "under_way")), []);
  assert.deepEqual(look(record("new", "none")), [], "scaled to 0, nothing runs");
  assert.deepEqual(look(record("new", "done")), ["succeeded"]);
  assert.deepEqual(look(record("new", "under_way")), ["succeeded"]);
  assert.deepEqual(look(record("new", "done")), ["succeeded"]);
});

test("a rollout that is stuck has failed, one before which another tag is pushed is superseded, and of a Deployment that is gone nothing is told", (t) => {
  const { rollouts, look } = startRollouts(t);
  rollouts.pushed(push("a"));
  assert.deepEqual(look(record("a", "stuck")), ["failed"]);
  rollouts.pushed(push("b"));
  rollouts.pushed(push("b"));
  rollouts.pushed(push("c"));
  assert.deepEqual(look(record("b", "done")), ["failed", "superseded"]);
  assert.deepEqual(look(undefined), ["failed", "superseded"]);
  assert.deepEqual(look(record("c", "done")), ["failed", "superseded"], "it is a new one of that name");
});

test("a tag that the cluster has run before it was pushed again counts at once, and nothing is looked at when all is decided or the operator stops", (t) => {
  const { rollouts, look, close } = startRollouts(t);
  const same = record("new", "under_way");
  rollouts.pushed(push("new"));
  look(same);
  assert.deepEqual(look({ ...same, rollout: "done" }), ["succeeded"]);
  rollouts.pushed(push("next"));
  close();
  assert.deepEqual(look(record("next", "done")), ["succeeded"]);
});
