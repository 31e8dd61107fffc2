import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Clock } from "../../../src/core/ports.ts";
import { createReportQueue, type QueuedMark } from "../../../src/core/reports/report-queue.ts";
import { eventually } from "../../eventually.ts";

const clock: Clock = { now: () => 0, sleep: () => new Promise((resolve) => setImmediate(resolve)) };
const mark = (namespace: string, index: number, host = "github.com"): QueuedMark => ({
  ...{ host, namespace, id: `Deployment/${namespace}/app${index}`, sha: "a".repeat(40) },
});

function startQueue(t: TestContext) {
  const closing = new AbortController();
  t.after(() => closing.abort());
  const delivered: QueuedMark[] = [];
  const dropped: QueuedMark[] = [];
  const gate = Promise.withResolvers<void>();
  const queue = createReportQueue({
    ...{ clock, stopping: closing.signal, onDropped: (one) => dropped.push(one) },
    async deliver(one) {
      await gate.promise;
      delivered.push(one);
      return "answered";
    },
  });
  const done = async (count: number) => {
    gate.resolve();
    while (delivered.length < count) await new Promise((resolve) => setImmediate(resolve));
    return delivered;
  };
  return { queue, done, dropped, close: () => closing.abort() };
}

// S33
test("the namespaces take turns at a host, and a host that is slow holds up no other", async (t) => {
  const { queue, done } = startQueue(t);
  for (let index = 0; index < 50; index++) queue.push(mark("greedy", index));
  for (const namespace of ["a", "b"]) queue.push(mark(namespace, 0));
  queue.push(mark("a", 1, "codeberg.org"));
  const delivered = await done(53);
  const at = (namespace: string) => delivered.findIndex((one) => one.namespace === namespace && one.host === "github.com");
  assert.ok(at("a") < 5 && at("b") < 5, `${at("a")} ${at("b")}`);
  assert.ok(delivered.findIndex(({ host }) => host === "codeberg.org") < 3);
});

// S33
test("where there is no room the namespace that has most gives way, and is told so", async (t) => {
  const { queue, done, dropped } = startQueue(t);
  queue.push(mark("quiet", 0));
  queue.push(mark("quiet", 1));
  for (let index = 0; index < 5_000; index++) queue.push(mark("greedy", index));
  queue.push(mark("late", 0));
  assert.ok(dropped.length > 3_000, `${dropped.length}`);
  assert.deepEqual([...new Set(dropped.map(({ namespace }) => namespace))], ["greedy"]);
  const delivered = await done(5_003 - dropped.length);
  assert.equal(delivered.filter(({ namespace }) => namespace !== "greedy").length, 3);
});

test("nothing is delivered once the operator stops", async (t) => {
  const { queue, done, close } = startQueue(t);
  for (let index = 0; index < 10; index++) queue.push(mark("a", index));
  await new Promise((resolve) => setImmediate(resolve));
  close();
  queue.push(mark("b", 0));
  const delivered = await done(1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(delivered.length, 1, "the one that was under way");
});

// S33
test("a forge that fails for one namespace's repository, or says nothing of it, pauses no other's marks", async (t) => {
  const closing = new AbortController();
  t.after(() => closing.abort());
  const delivered: string[] = [];
  const queue = createReportQueue({
    // Its pauses never end.
    clock: { now: () => 0, sleep: () => new Promise(() => {}) },
    stopping: closing.signal,
    onDropped() {},
    async deliver({ namespace }) {
      delivered.push(namespace);
      if (namespace === "silent") await new Promise(() => {});
      return namespace === "failing" ? "unanswered" : "answered";
    },
  });
  for (const namespace of ["failing", "silent"]) for (let index = 0; index < 10; index++) queue.push(mark(namespace, index));
  await eventually(() => delivered.includes("failing") && delivered.includes("silent"));
  for (let index = 0; index < 3; index++) queue.push(mark("team", index));
  await eventually(() => delivered.filter((namespace) => namespace === "team").length === 3);
  assert.deepEqual(
    delivered.filter((namespace) => namespace !== "team"),
    ["failing", "silent"],
  );
});
