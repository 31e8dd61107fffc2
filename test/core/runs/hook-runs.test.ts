import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { createHookRuns } from "../../../src/core/runs/hook-runs.ts";
import { eventually } from "../../eventually.ts";
import { targetOf } from "../targets.ts";

const REST_MS = 50;
const GATHER_MS = 20;

function start(isAhead = () => false, times = { restMs: REST_MS, gatherMs: GATHER_MS }) {
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
    ...times,
  });
  return { run, asked, nudged, stop, errors };
}

const shop = targetOf("shop");
const other = targetOf("other");
const shopId = "Deployment/default/shop";
const otherId = "Deployment/default/other";

// F51
test("a hundred events in a moment start two runs of a Deployment, and wake it each time", async () => {
  const { run, asked, nudged } = start();
  for (let count = 0; count < 50; count++) run([shop]);
  await nextTurn();
  for (let count = 0; count < 50; count++) run([shop]);
  assert.deepEqual(asked, [[shopId]]);
  await eventually(() => asked.length === 2);
  assert.deepEqual(asked, [[shopId], [shopId]]);
  assert.equal(nudged.length, 100);
});

test("what comes in one turn has its look in the pass that begins when the turn ends", async () => {
  const { run, asked } = start();
  for (let count = 0; count < 50; count++) run([shop]);
  await delay(2 * REST_MS);
  assert.deepEqual(asked, [[shopId]]);
});

// F51
test("what comes before the run has asked git has its look in that run: no other follows", async () => {
  let hasAsked = false;
  const { run, asked } = start(() => !hasAsked);
  for (let count = 0; count < 50; count++) run([shop]);
  await nextTurn();
  for (let count = 0; count < 50; count++) run([shop]);
  await delay(2 * REST_MS);
  assert.deepEqual(asked, [[shopId]]);

  hasAsked = true;
  run([shop]);
  await nextTurn();
  run([shop]);
  await eventually(() => asked.length === 3);
});

test("one event starts one run; who rests keeps no other from its run", async (t) => {
  const { run, asked } = start();
  run([shop]);
  await nextTurn();
  run([shop, other]);
  await eventually(() => asked.length === 3);
  assert.deepEqual(asked, [[shopId], [otherId], [shopId]]);
  await t.waitFor(() => run([other]));
  await eventually(() => asked.length === 4);
});

// F51, S17, S25
test("two hundred Deployments of a tenant, each with events of its own, are asked for together: the first at once, the others soon", async () => {
  const { run, asked } = start(() => false, { restMs: 60_000, gatherMs: 500 });
  const targets = Array.from({ length: 200 }, (_, index) => targetOf(`shop-${index}`));
  for (const target of targets) {
    run([target]);
    await nextTurn();
  }
  await eventually(() => asked.length > 1);
  assert.deepEqual(
    asked.map(({ length }) => length),
    [1, 199],
  );
  assert.equal(new Set(asked.flat()).size, 200);
});

test("a pass that fails is told and the next event starts another; while stopping nothing is started", async () => {
  const { run, asked, errors, stop } = start();
  run([targetOf("broken")]);
  await eventually(() => errors.length === 1);
  stop.abort();
  run([shop]);
  assert.equal(asked.length, 1);
});
