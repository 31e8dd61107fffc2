import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../eventually.ts";
import { collectingTracer } from "./collecting-tracer.ts";
import { deployShop, type Stage, startStage } from "./stage.ts";

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
  const none = { level: "info", cause: "call", patched: 0, up_to_date: 0, proposed: 0, skipped: 0, waiting: 0, failed: 0 };
  assert.deepEqual(counts, [
    { ...none, tracked: 3, patched: 1, skipped: 1, failed: 1 },
    { ...none, deployment: "shop", tracked: 1, up_to_date: 1 },
  ]);
  await Promise.all(Array.from({ length: 20 }, () => stage.reconcile("?deployment=shop")));
  assert.ok(passes().length <= 2 + 20);
});

test("what started a pass and its runs is told by their lines and spans: the kubelet's probe, a caller or the timer", async (t) => {
  const told: string[] = [];
  const tracer = collectingTracer((text) => text, told);
  const stage = await startStage(t, { operator: { tracer } });
  const { app } = await deployShop(stage);
  const causes = (message: string) =>
    stage.logLines.filter((line) => line.message === message).map(({ fields }) => (fields as { cause?: string }).cause);
  const spans = () => told.flatMap((text) => /"gitops_operator\.cause":"(\w+)"/.exec(text)?.[1] ?? []);

  const probe = await fetch(`${stage.url}/reconcile`, { headers: { "user-agent": "kube-probe/1.34+" } });
  assert.equal(probe.status, 200);
  assert.deepEqual([causes("Deployment patched"), causes("pass ended"), spans()], [["probe"], ["probe"], ["probe", "probe"]]);
  await app.commit({ "index.html": "2" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.deepEqual(
    [causes("Deployment patched"), causes("pass ended")],
    [
      ["probe", "call"],
      ["probe", "call"],
    ],
  );

  const timed = await startStage(t, { env: { RECONCILE_INTERVAL_SECONDS: "1" } });
  await deployShop(timed);
  for (const message of ["pass ended", "Deployment patched"]) {
    const lines = () => timed.logLines.filter((line) => line.message === message).map(({ fields }) => (fields as { cause?: string }).cause);
    await eventually(() => lines().length > 0, "the timer's pass is told");
    assert.equal(lines()[0], "timer", message);
  }
});

test("with an interval, however long, the first pass is made as soon as the workloads are listed; without one, none is", async (t) => {
  const ended = (stage: Stage) => stage.logLines.filter(({ message }) => message === "pass ended").length;
  const [untimed, timed] = [await startStage(t), await startStage(t, { env: { RECONCILE_INTERVAL_SECONDS: "3600" } })];
  await eventually(() => ended(timed) === 1, "the first pass ends");
  assert.equal(ended(untimed), 0);
});
