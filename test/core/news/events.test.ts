import assert from "node:assert/strict";
import { test } from "node:test";
import { createEvents, incompleteEvent } from "../../../src/core/news/events.ts";
import { describeOutcome } from "../../../src/core/news/outcome-text.ts";
import type { Outcome } from "../../../src/core/outcome.ts";
import type { Workload } from "../../../src/core/types.ts";
import { type ErrorCode, ReconcileError } from "../../../src/errors.ts";

const shop: Workload = { kind: "Deployment", namespace: "default", name: "shop" };
const tag = "a".repeat(40);
const commit = "c".repeat(40);

const failed = (code: ErrorCode, message: string): Outcome => ({ kind: "failed", error: new ReconcileError(code, message), to: tag });
const upToDate: Outcome = { kind: "up_to_date", to: tag };
const patched: Outcome = { kind: "patched", from: "old", to: tag, commit };

/** What is told over these outcomes, one run each. */
function told(outcomes: readonly Outcome[], events = createEvents()) {
  return outcomes.flatMap((outcome) => {
    const event = events.decide(shop, { kind: "ended", outcome, message: describeOutcome(shop, outcome) });
    return event ? [event] : [];
  });
}

test("an update is told with what was there and the manifest commit, once", () => {
  const note = `Deployment shop patched successfully to version ${tag} (was old, manifest commit ${commit})`;
  assert.deepEqual(told([upToDate, patched, upToDate, upToDate]), [{ type: "Normal", reason: "ImageUpdated", note }]);
});

test("each kind of failure has its reason, and what is not foreseen is ReconcileFailed", () => {
  const reasonOf = (code: ErrorCode) => told([failed(code, "why")])[0];
  for (const [code, reason] of [
    ["annotation_invalid", "InvalidAnnotation"],
    ["build_failed", "BuildFailed"],
    ["image_missing", "ImageNotFound"],
    ["git_push_refused", "PushRejected"],
    ["secret_denied", "SecretRefDenied"],
    ["ssh_key_invalid", "SecretUnusable"],
    ["credential_invalid", "SecretUnusable"],
    ["manifest_missing", "ManifestInvalid"],
    ["internal", "ReconcileFailed"],
  ] as const) {
    assert.deepEqual(reasonOf(code), { type: "Warning", reason, note: "why" }, code);
  }
});

test("a hundred failing passes are one Event, a recovery one more, a repair by a push is the update", () => {
  const broken = failed("manifest_missing", "no shop/deployment.yaml");
  const reasons = (outcomes: readonly Outcome[]) => told(outcomes).map(({ reason }) => reason);
  assert.deepEqual(reasons([...Array(100).fill(broken), upToDate, upToDate]), ["ManifestInvalid", "Recovered"]);
  assert.deepEqual(reasons([broken, patched]), ["ManifestInvalid", "ImageUpdated"]);
});

test("what passes by itself is told from the third pass on, and our own shutdown never", () => {
  const offline = failed("git_unreachable", "offline");
  assert.deepEqual(told([offline, offline]), []);
  assert.equal(told([offline, offline, offline, offline]).length, 1);
  assert.deepEqual(told(Array(5).fill(failed("shutdown", "bye"))), []);
});

test("what is held is an Event of its own, with what stands there and the commit that was taken back", () => {
  const held: Outcome = { kind: "skipped", reason: "held", to: tag, commit };
  const [event, ...others] = told([held, held]);
  assert.deepEqual([event?.type, event?.reason, others], ["Normal", "HeldBack", []]);
  assert.ok(event?.note.startsWith(`Deployment shop stays without a tag: the operator wrote ${tag} in ccccccc,`), event?.note);
});

test("what is proposed and what is declined are Events of their own, each once", () => {
  const request = { number: 7, url: "https://forge.test/team/manifests/pull/7" };
  const branch = "gitops-operator/default/shop";
  const proposed: Outcome = { kind: "proposed", to: tag, branch, request };
  const declined: Outcome = { kind: "skipped", reason: "declined", to: tag, branch, request };
  assert.deepEqual(
    told([proposed, proposed, declined, declined]).map((event) => [event.type, event.reason, event.note.includes(request.url)]),
    [
      ["Normal", "Proposed", true],
      ["Normal", "ProposalDeclined", true],
    ],
  );
});

test("a build is told once per commit, without the chat's emoji", () => {
  const events = createEvents();
  const building = (sha: string) => events.decide(shop, { kind: "building", sha, text: ":hourglass: Build running for team/shop" });
  assert.deepEqual(building(tag), { type: "Normal", reason: "BuildRunning", note: "Build running for team/shop" });
  assert.equal(building(tag), undefined);
  assert.ok(building(commit));
});

test("a note is one line that looks like what it is", () => {
  assert.equal(told([failed("git_push_refused", "hook says\nNormal \u202eok")])[0]?.note, "hook says\\nNormal \\u{202e}ok");
  assert.equal(incompleteEvent(["a is missing", "b is unknown"]).note, "Not reconciled: a is missing; b is unknown");
});

test("what is remembered of a Deployment goes with it", () => {
  const events = createEvents();
  const broken = failed("manifest_missing", "no file");
  assert.equal(told([broken, broken], events).length, 1);
  events.retain([]);
  assert.equal(told([broken], events).length, 1);
});
