import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ReconcileError } from "../../src/errors.ts";
import { createFreshest } from "../../src/sharing/freshest.ts";
import { usedBytes } from "../held-memory.ts";

test("a load that began before the question is not shared; a thousand questions cost the running load and one more", async () => {
  const freshest = createFreshest<number>(2 ** 20);
  let loads = 0;
  const gates: (() => void)[] = [];
  const load = () => new Promise<number>((resolve) => gates.push(() => resolve(loads++)));
  const first = freshest.get("a", performance.now(), load);
  await new Promise((resolve) => setTimeout(resolve, 2));
  const others = Array.from({ length: 1_000 }, () => freshest.get("a", performance.now(), load));
  await new Promise((resolve) => setTimeout(resolve, 2));
  assert.equal(gates.length, 1, "the second waits for the first");
  gates[0]?.();
  assert.equal(await first, 0);
  await new Promise((resolve) => setTimeout(resolve, 2));
  gates[1]?.();
  assert.deepEqual(new Set(await Promise.all(others)), new Set([1]));
  assert.equal(loads, 2);
  assert.equal(await freshest.get("a", 0, load), 1, "an old question takes what is there");
});

test("a failure is not kept as the answer known, the last good one is; keys are bounded", async () => {
  const freshest = createFreshest<string>(5_000);
  const seen: (string | undefined)[] = [];
  const ask = (answer: () => string) =>
    freshest.get("a", performance.now(), async (known) => {
      seen.push(known);
      return answer();
    });
  assert.equal(await ask(() => "good"), "good");
  await assert.rejects(
    ask(() => {
      throw new Error("down");
    }),
  );
  assert.equal(await ask(() => "better"), "better");
  assert.deepEqual(seen, [undefined, "good", "good"]);
  freshest.put("a", performance.now(), "told");
  assert.equal(await freshest.get("a", 0, async () => "loaded"), "told");
  for (let i = 0; i < 100; i++) await freshest.get(`b${i}`, 0, async () => "b");
  assert.equal(await freshest.get("a", 0, async () => "again"), "again");
});

test("a failure that was known before the question is not its answer, though the load that met it began later", async () => {
  const freshest = createFreshest<string>(2 ** 20);
  const tried = performance.now();
  await sleep(2);
  const asked: number[] = [];
  const load = async (_known: string | undefined, notBefore: number) => {
    asked.push(notBefore);
    await sleep(1);
    if (notBefore <= tried) throw new ReconcileError("git_unreachable", "silent", { startedAt: tried });
    return "answered";
  };
  const question = performance.now();
  const old = assert.rejects(freshest.get("a", 0, load), /silent/);
  while (asked.length === 0) await null;
  const fresh = freshest.get("a", question, load);
  await old;
  assert.equal(await fresh, "answered");
  assert.deepEqual(asked, [0, question]);
  await assert.rejects(freshest.get("b", 0, load), /silent/);
  await assert.rejects(freshest.get("b", tried, load), /silent/);
  assert.equal(asked.length, 3, "an old question takes the old failure");
  assert.equal(await freshest.get("b", question, load), "answered");
});

// S33
test("who asks something else each time adds no more than the bound, and drives out none of what others asked", async () => {
  const freshest = createFreshest<{ readonly text: string }>(2 ** 20);
  const before = await usedBytes();
  const ask = (key: string, group: string) => freshest.get(key, 0, async () => ({ text: Buffer.alloc(10_000, key).toString() }), group);
  await ask("neighbour's branch", "neighbour");
  for (let i = 0; i < 3_000; i++) await ask(`branch ${i}`, "tenant");
  const failing = Array.from({ length: 3_000 }, (_, i) =>
    freshest.get(`failing ${i}`, 0, () => Promise.reject(new Error("no".repeat(5_000))), "tenant").catch(() => undefined),
  );
  await Promise.all(failing);
  const held = (await usedBytes()) - before;
  assert.ok(held < 4 * 2 ** 20, `${held} bytes`);
  assert.equal(
    await freshest.get("neighbour's branch", 0, () => assert.fail("it was forgotten"), "neighbour").then(({ text }) => text.length),
    10_000,
  );
});

for (const kind of ["error", "answer"] as const) {
  test(`an ${kind} for want of one group's share is told to that group alone: the others load at once, and once for each`, async () => {
    const freshest = createFreshest<string | { readonly shareOf: string }>(2 ** 20);
    const gates = new Map<string, () => void>();
    const loads: string[] = [];
    const ask = (group: string) =>
      freshest
        .get(
          "a",
          0,
          async () => {
            loads.push(group);
            await new Promise<void>((resolve) => gates.set(group, resolve));
            if (group === "last") return "answered";
            if (kind === "error")
              throw new ReconcileError("git_unreachable", "step", {
                cause: new ReconcileError("git_unreachable", "none left", { shareOf: group }),
              });
            return { shareOf: group };
          },
          group,
        )
        .then(
          (answer) => (answer === "answered" ? answer : "failed"),
          () => "failed",
        );
    const said = ["first", "second", "second", "last", "last", "first"].map(ask);
    await sleep(1);
    assert.deepEqual(loads, ["first"]);
    gates.get("first")?.();
    await sleep(1);
    assert.deepEqual(loads, ["first", "second", "last"]);
    gates.get("last")?.();
    assert.equal(await said[3], "answered");
    gates.get("second")?.();
    assert.deepEqual(await Promise.all(said), ["failed", "failed", "failed", "answered", "answered", "failed"]);
    assert.equal(await ask("last"), "answered");
    assert.equal(loads.length, 3);
  });
}
