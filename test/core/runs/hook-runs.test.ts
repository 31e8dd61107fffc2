import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createHookRuns } from "../../../src/core/runs/hook-runs.ts";
import { targetOf } from "../targets.ts";

/** By a clock of their own: it stands until `pass`, in ms, moves it on. */
function start(t: TestContext, isAhead = () => false) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const asked: (readonly string[])[] = [];
  const nudged: string[] = [];
  const stop = new AbortController();
  const errors: string[] = [];
  const run = createHookRuns({
    async ask({ ids = [] }, cause) {
      assert.equal(cause, "hook");
      asked.push(ids);
      if (ids.some((id) => id.endsWith("broken"))) throw new Error("broken");
    },
    nudge: (id) => void nudged.push(id),
    isAhead,
    stopping: stop.signal,
    log: { info() {}, warn() {}, error: ({ error }) => void errors.push(`${error}`) },
  });
  const pass = async (ms: number) => {
    t.mock.timers.tick(ms);
    await nextTurn();
  };
  return { run, asked, nudged, stop, errors, pass };
}

const shop = targetOf("shop");
const other = targetOf("other");
const shopId = "Deployment/default/shop";
const otherId = "Deployment/default/other";

// F51
test("a hundred events in a moment start two runs of a Deployment, and wake it each time", async (t) => {
  const { run, asked, nudged, pass } = start(t);
  for (let count = 0; count < 50; count++) run([shop]);
  await nextTurn();
  for (let count = 0; count < 50; count++) run([shop]);
  await pass(999);
  assert.deepEqual(asked, [[shopId]]);
  await pass(10_000);
  assert.deepEqual(asked, [[shopId], [shopId]]);
  assert.equal(nudged.length, 100);
});

test("what comes in one turn has its look in the pass that begins when the turn ends", async (t) => {
  const { run, asked, pass } = start(t);
  for (let count = 0; count < 50; count++) run([shop]);
  await nextTurn();
  await pass(10_000);
  assert.deepEqual(asked, [[shopId]]);
});

// F51
test("what comes before the run has asked git has its look in that run: no other follows", async (t) => {
  let hasAsked = false;
  const { run, asked, pass } = start(t, () => !hasAsked);
  for (let count = 0; count < 50; count++) run([shop]);
  await nextTurn();
  for (let count = 0; count < 50; count++) run([shop]);
  await pass(10_000);
  assert.deepEqual(asked, [[shopId]]);

  hasAsked = true;
  run([shop]);
  await nextTurn();
  run([shop]);
  await pass(10_000);
  assert.equal(asked.length, 3);
});

test("one event starts one run; who rests keeps no other from its run", async (t) => {
  const { run, asked, pass } = start(t);
  run([shop]);
  await nextTurn();
  run([shop, other]);
  await pass(100);
  assert.deepEqual(asked, [[shopId], [otherId]]);
  await pass(900);
  assert.deepEqual(asked, [[shopId], [otherId], [shopId]]);
  await pass(10_000);
  run([other]);
  assert.equal(asked.length, 4);
});

// F51, S17, S25
test("two hundred Deployments of a tenant, each with events of its own, are asked for together: the first at once, the others soon", async (t) => {
  const { run, asked, pass } = start(t);
  const targets = Array.from({ length: 200 }, (_, index) => targetOf(`shop-${index}`));
  for (const target of targets) {
    run([target]);
    await nextTurn();
  }
  await pass(100);
  assert.deepEqual(
    asked.map(({ length }) => length),
    [1, 199],
  );
  assert.equal(new Set(asked.flat()).size, 200);
});

test("a pass that fails is told and the next event starts another; while stopping nothing is started", async (t) => {
  const { run, asked, errors, stop } = start(t);
  run([targetOf("broken")]);
  await nextTurn();
  assert.equal(errors.length, 1);
  stop.abort();
  run([shop]);
  assert.equal(asked.length, 1);
});
