import assert from "node:assert/strict";
import { test } from "node:test";
import { createSecretBudget } from "../../../src/core/runs/secret-budget.ts";
import { ReconcileError } from "../../../src/errors.ts";

const refused = (error: unknown) => error instanceof ReconcileError && error.code === "secret_limit";

/** Of 16 MiB. */
const UNIT = 16 * 1024;

/** Takes as often as it is allowed to; how often that was. */
function takeAll(take: ReturnType<typeof createSecretBudget>, namespace: string): (() => void)[] {
  const releases: (() => void)[] = [];
  try {
    while (releases.length < 2_000) releases.push(take(namespace, UNIT));
  } catch (error) {
    assert.ok(refused(error), String(error));
  }
  return releases;
}

// P10, S33
test("however greedy some namespaces are, the next one finds as much as each of them got last", () => {
  const take = createSecretBudget();
  const taken = ["a", "b", "c", "d", "e"].map((namespace) => takeAll(take, namespace).length);
  assert.deepEqual(taken, [512, 256, 128, 64, 32]);
  take("new", 16 * UNIT);
});

// S33
test("a namespace that holds nothing finds room for a few keys, however many greedy ones there are", () => {
  const take = createSecretBudget();
  for (let i = 0; i < 40; i++) {
    for (let bytes = 2 ** 23; bytes >= 1; bytes /= 2) {
      try {
        take(`greedy-${i}`, bytes);
      } catch (error) {
        assert.ok(refused(error), String(error));
      }
    }
  }
  for (let i = 0; i < 4; i++) take("honest", 4_096);
  assert.throws(() => take("honest", 1), refused);
});

test("what is let go is free again, once, and a refused Secret takes nothing", () => {
  const take = createSecretBudget();
  const releases = takeAll(take, "a");
  assert.throws(() => take("a", 1), refused);
  assert.throws(() => take("b", 257 * UNIT), refused);
  for (const release of [...releases, ...releases]) release();
  take("b", 512 * UNIT);
  assert.throws(() => take("b", 1), refused);
});

test("the refusal names the namespace, what it holds and what to do", () => {
  const take = createSecretBudget();
  take("team", 448 * UNIT);
  assert.throws(
    () => take("team", 256 * UNIT),
    /the runs of namespace team hold 7168 KiB of Secrets .* tried again at the next pass: keep/,
  );
});
