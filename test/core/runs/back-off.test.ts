import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../../src/core/outcome.ts";
import { createBackOff } from "../../../src/core/runs/back-off.ts";
import { ReconcileError } from "../../../src/errors.ts";
import { targetOf } from "../targets.ts";

const shop = targetOf("shop");
const failure = (code: ConstructorParameters<typeof ReconcileError>[0], to = "new"): Outcome => ({
  kind: "failed",
  error: new ReconcileError(code, "refused: policy"),
  to,
});

function createWorld() {
  let now = 0;
  const backOff = createBackOff(() => now);
  const heldS = (tag = "new") => {
    const end = now + 3_600_000;
    const start = now;
    for (; now < end; now += 1_000) if (!backOff.putOff(shop, tag)) break;
    return (now - start) / 1_000;
  };
  return { backOff, heldS };
}

test("the second try is free, then each comes later, ten minutes at most", () => {
  const { backOff, heldS } = createWorld();
  const waits = Array.from({ length: 10 }, () => {
    backOff.ended(shop, failure("git_push_refused"));
    return heldS();
  });
  assert.deepEqual(waits, [0, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
});

test("what is held says the failure, how often, and when it is tried again; being held is not another failure", () => {
  const { backOff, heldS } = createWorld();
  backOff.ended(shop, failure("git_limit"));
  backOff.ended(shop, failure("git_limit"));
  const held = backOff.putOff(shop, "new");
  assert.equal(held?.code, "git_limit");
  assert.equal(held?.message, "refused: policy (failed 2 times, tried again in 10 s, or at once for another commit or other annotations)");
  backOff.ended(shop, { kind: "failed", error: held as ReconcileError, to: "new" });
  assert.equal(heldS(), 10);
});

test("another tag, other annotations and a success end it; other failures neither count nor end it", () => {
  const { backOff, heldS } = createWorld();
  for (const code of ["git_push_refused", "git_push_refused", "git_unreachable", "image_missing"] as const)
    backOff.ended(shop, failure(code));
  assert.equal(backOff.putOff(shop, "newer"), undefined);
  assert.equal(backOff.putOff({ ...shop, files: [{ path: "elsewhere.yaml" }] }, "new"), undefined);
  assert.equal(backOff.lastFailure(shop), "git_push_refused");
  assert.equal(heldS(), 10);
  backOff.ended(shop, { kind: "up_to_date", to: "new" });
  assert.equal(backOff.lastFailure(shop), undefined);
  backOff.ended(shop, failure("git_push_refused"));
  assert.equal(heldS(), 0);
});

test("what fails before there is a tag is held before the next is looked for, and other annotations alone end it", () => {
  let now = 0;
  const backOff = createBackOff(() => now);
  const fail = () => backOff.ended(shop, { kind: "failed", error: new ReconcileError("git_limit", "has no end") });
  fail();
  assert.equal(backOff.putOff(shop, undefined), undefined);
  fail();
  const held = backOff.putOff(shop, undefined);
  assert.equal(held?.message, "has no end (failed 2 times, tried again in 10 s, or at once with other annotations)");
  backOff.ended(shop, { kind: "failed", error: held as ReconcileError });
  now = 10_000;
  assert.equal(backOff.putOff(shop, undefined), undefined);
  fail();
  now = 29_000;
  assert.ok(backOff.putOff(shop, undefined));
  assert.equal(backOff.putOff(shop, "new"), undefined);
  assert.equal(backOff.putOff({ ...shop, appBranch: "other" }, undefined), undefined);
});
