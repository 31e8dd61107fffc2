import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createHistoryLooks } from "../../../src/core/history/history-looks.ts";
import { eventually } from "../../eventually.ts";

const TIMES = { quietMs: 1, leaseMs: 20, deadlineMs: 600_000 };

function start(times: Partial<typeof TIMES> = {}) {
  const begun: string[] = [];
  const late: string[] = [];
  const stop = new AbortController();
  const looks = new Map<string, PromiseWithResolvers<void>>();
  const look = createHistoryLooks<{ namespace: string }>({
    look(branch, _of, signal) {
      begun.push(branch);
      signal.addEventListener("abort", () => void late.push(branch));
      const end = Promise.withResolvers<void>();
      looks.set(branch, end);
      return end.promise;
    },
    stopping: stop.signal,
    times: { ...TIMES, ...times },
  });
  return { look, begun, late, stop, end: (branch: string) => looks.get(branch)?.resolve() };
}

// S17, S33
test("a host that says nothing delays no other namespace's history, whose branches are on it, however many", async () => {
  const { look, begun } = start();
  for (let index = 0; index < 50; index++) look(`silent-${index}`, { namespace: "greedy" });
  await eventually(() => begun.length > 1);
  look("shop", { namespace: "team" });
  await eventually(() => begun.includes("shop"));
  assert.ok(begun.length < 10, `${begun.length} looks at once`);
});

// S17
test("a look ends with its deadline, and the place goes on", async () => {
  const { look, begun, late } = start({ leaseMs: 600_000, deadlineMs: 20 });
  for (let index = 0; index < 6; index++) look(`silent-${index}`, { namespace: "greedy" });
  await eventually(() => begun.length === 6);
  await eventually(() => late.length === 6);
});

test("a branch is looked at once at a time, and again when it moves meanwhile; nothing begins while stopping", async () => {
  const { look, begun, end, stop } = start();
  look("shop", { namespace: "team" });
  await eventually(() => begun.length === 1);
  look("shop", { namespace: "team" });
  look("shop", { namespace: "team" });
  await sleep(20);
  assert.equal(begun.length, 1);
  end("shop");
  await eventually(() => begun.length === 2);
  stop.abort();
  look("other", { namespace: "team" });
  await sleep(20);
  assert.equal(begun.length, 2);
});
