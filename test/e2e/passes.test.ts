import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../eventually.ts";
import { deployShop, startStage } from "./stage.ts";

test("one info line per pass, of all, of a narrowed call and of the timer, with what became of its Deployments", async (t) => {
  const stage = await startStage(t);
  await deployShop(stage);
  await stage.deploy({ name: "asleep", annotations: { enabled: "false" } });
  await stage.deploy({ name: "bad", annotations: { deployment_path: "../x" } });
  const passes = () => stage.logLines.filter(({ message }) => message === "pass ended");
  await stage.reconcile();
  await stage.reconcile("?deployment=shop");
  assert.equal((await fetch(`${stage.url}/reconcile?deployment=nobody`)).status, 404);
  const counts = passes().map(({ level, fields }) => {
    const { duration_ms, ...others } = fields as { duration_ms: number };
    assert.ok(Number.isInteger(duration_ms) && duration_ms >= 0);
    return { level, ...others };
  });
  const none = { level: "info", patched: 0, up_to_date: 0, skipped: 0, waiting: 0, failed: 0 };
  assert.deepEqual(counts, [
    { ...none, tracked: 3, patched: 1, skipped: 1, failed: 1 },
    { ...none, deployment: "shop", tracked: 1, up_to_date: 1 },
  ]);
  await Promise.all(Array.from({ length: 20 }, () => stage.reconcile("?deployment=shop")));
  assert.ok(passes().length <= 2 + 20);

  const timed = await startStage(t, { env: { RECONCILE_INTERVAL_SECONDS: "1" } });
  await eventually(() => timed.logLines.some(({ message }) => message === "pass ended"), "the timer's pass is told");
});
