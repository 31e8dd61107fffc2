import assert from "node:assert/strict";
import { test } from "node:test";
import { ReconcileError } from "../../../src/errors.ts";
import { createHookSecrets } from "../../../src/http/hooks/hook-secrets.ts";

const nobody = { secrets: ["nobody's-secret-of-some-length"], pathTokens: [] };
const missing = new ReconcileError("secret_missing", "it does not exist");

function start(read: (name: string) => Promise<typeof nobody>) {
  const reads: string[] = [];
  const told: string[] = [];
  const secretOf = createHookSecrets(
    ({ name }) => {
      reads.push(name);
      return read(name);
    },
    nobody,
    ({ name }) => void told.push(name),
  );
  return { secretOf: (name: string, namespace: string) => secretOf({ namespace: "operators", name }, namespace), reads, told };
}

const named = (count: number) => Array.from({ length: count }, (_, index) => `none-${index}`);

// S25, S33
test("of a tenant who names a thousand Secrets that are not there each is read once in 5 s, and told once", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const { secretOf, reads, told } = start(() => Promise.reject(missing));
  for (let round = 0; round < 3; round++) for (const name of named(1_000)) assert.equal(await secretOf(name, "greedy"), nobody);
  assert.deepEqual([reads.length, told.length], [1_000, 1_000]);
  now = 6_000;
  for (const name of named(1_000)) await secretOf(name, "greedy");
  assert.deepEqual([reads.length, told.length], [2_000, 1_000]);
});

// S33
test("a tenant's long Secrets, however many, drive out no other's", async () => {
  const long = { secrets: Array.from({ length: 8 }, () => "x".repeat(512)), pathTokens: [] };
  const { secretOf, reads } = start(async () => long);
  for (const name of named(1_000)) await secretOf(name, "greedy");
  await secretOf("ours", "team");
  for (const name of named(2_000)) await secretOf(name, "greedy");
  await secretOf("ours", "team");
  assert.equal(reads.filter((name) => name === "ours").length, 1);
  const before = reads.length;
  await secretOf("none-0", "greedy");
  assert.equal(reads.length, before + 1, "the oldest of its own went");
});
