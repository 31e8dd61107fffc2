import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../../src/core/outcome.ts";
import { type LastResult, nextLastResult } from "../../../src/core/runs/last-result.ts";
import { type ErrorCode, ReconcileError } from "../../../src/errors.ts";

const failed = (code: ErrorCode): Outcome => ({ kind: "failed", error: new ReconcileError(code, "why") });
const upToDate = (to: string): Outcome => ({ kind: "up_to_date", to });
const patched = (to: string): Outcome => ({ kind: "patched", to, commit: `manifest-${to}` });

/** After these outcomes, one a second. */
function after(outcomes: readonly Outcome[]): LastResult | undefined {
  return outcomes.reduce<LastResult | undefined>(
    (before, outcome, second) =>
      nextLastResult(before, { kind: "Deployment", namespace: "default", name: "shop", outcome }, new Date(second * 1000)),
    undefined,
  );
}
const sinceSecond = (outcomes: readonly Outcome[]) => (after(outcomes)?.since.getTime() ?? 0) / 1000;

test("the same failure goes on, another one or a success is new", () => {
  assert.equal(sinceSecond([failed("git_denied"), failed("git_denied"), failed("git_denied")]), 0);
  assert.equal(sinceSecond([failed("git_denied"), failed("manifest_missing")]), 1);
  assert.equal(sinceSecond([failed("git_denied"), upToDate("a"), failed("git_denied")]), 2);
  assert.equal(after([failed("git_denied"), failed("git_denied")])?.at.getTime(), 1000);
});

test("a pause that follows another reason to do nothing is new", () => {
  const paused: Outcome = { kind: "skipped", reason: "paused", until: "2030-01-31T18:00:00Z" };
  assert.equal(sinceSecond([{ kind: "skipped", reason: "disabled" }, paused, paused]), 1);
});

test("up to date counts from the push that made it so, and anew for another tag", () => {
  assert.equal(sinceSecond([upToDate("a"), patched("b"), upToDate("b"), upToDate("b")]), 1);
  assert.equal(sinceSecond([patched("a"), upToDate("a"), upToDate("b")]), 2);
});

test("what is proposed stands since it was first, and its merge is news", () => {
  const proposed = (to: string): Outcome => ({ kind: "proposed", to, branch: "gitops-operator/default/shop" });
  assert.equal(sinceSecond([upToDate("a"), proposed("b"), proposed("b")]), 1);
  assert.equal(sinceSecond([proposed("a"), proposed("b"), proposed("b")]), 1);
  assert.equal(sinceSecond([upToDate("a"), proposed("b"), upToDate("b")]), 2);
});

test("the last push is kept over what comes after it", () => {
  assert.deepEqual(after([patched("a"), upToDate("a"), failed("git_denied")])?.pushed, { to: "a", commit: "manifest-a" });
  assert.equal(after([upToDate("a")])?.pushed, undefined);
});

test("a tag that was pushed unchecked stays so as long as it is the wanted one", () => {
  const unchecked: Outcome = { kind: "patched", to: "a", commit: "manifest-a", unchecked: true };
  assert.deepEqual(after([unchecked, failed("git_denied"), upToDate("a")])?.outcome, { ...upToDate("a"), unchecked: true });
  assert.deepEqual(after([unchecked, upToDate("b")])?.outcome, upToDate("b"));
  assert.deepEqual(after([unchecked, patched("a"), upToDate("a")])?.outcome, upToDate("a"));
});
