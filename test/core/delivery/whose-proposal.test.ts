import assert from "node:assert/strict";
import { test } from "node:test";
import { commitMessage } from "../../../src/core/commits/commit-message.ts";
import { readOwnProposal } from "../../../src/core/delivery/whose-proposal.ts";
import type { OwnCommit } from "../../../src/core/git-ports.ts";
import { ReconcileError } from "../../../src/errors.ts";
import { commitOf } from "../commits.ts";
import { targetOf } from "../targets.ts";

const BRANCH = "gitops-operator/default/shop";
const us = { name: "GitOps Operator", email: "gitops-operator@noreply.local" };
const signer = { name: "release-bot", email: "bot@example.com" };
const person = { name: "Ann", email: "ann@example.com" };

function commitBy(more: Partial<OwnCommit> = {}, { name = "shop", cluster }: { name?: string; cluster?: string } = {}): OwnCommit {
  const facts = { target: targetOf(name), paths: [`${name}/deployment.yaml`], tag: "1", appCommit: commitOf("a".repeat(40)) };
  const message = commitMessage(facts, { subject: "Tag {tag}", signOff: undefined, cluster });
  return { author: us, committer: us, subject: "Tag 1", hasTrailers: true, message, isFirst: true, hasFiles: true, ...more };
}

function read(own: OwnCommit | "nothing" | "more", { committers = [us], cluster }: { committers?: (typeof us)[]; cluster?: string } = {}) {
  const owner = { workload: targetOf("shop"), identity: us, committers, cluster };
  try {
    return readOwnProposal(BRANCH, { sha: "b".repeat(40), own }, owner)?.image ?? "nothing";
  } catch (error) {
    assert.ok(error instanceof ReconcileError && error.code === "proposal_foreign");
    return error.message;
  }
}

// S31
test("a commit on a proposal's branch is ours by author, committer, trailers and workload, and by all of them", () => {
  const others = `${BRANCH} holds commits of others; merge it or delete it`;
  assert.equal(read("nothing"), "nothing");
  assert.equal(read("more"), others);
  assert.equal(read(commitBy()), "team/shop:1");
  assert.equal(read(commitBy({ author: person })), others);
  assert.equal(read(commitBy({ committer: person })), others);
  assert.equal(read(commitBy({ committer: { ...us, email: person.email } })), others);
  assert.equal(read(commitBy({ isFirst: false })), others);
  assert.equal(read(commitBy({ message: "Tag 1\n", hasTrailers: false })), others);
  assert.equal(read(commitBy({ message: "Tag 1\n\nGitops-Operator-Commit: 1\n" })), others);
  const twice = commitBy().message;
  assert.equal(read(commitBy({ message: `${twice}\n${twice}` })), others);
  assert.match(read(commitBy({}, { name: "till" })), /holds the proposal of default\/till; name another branch/);
});

// S31
test("who signs may have committed it, and of two clusters the second is told of the first", () => {
  assert.match(read(commitBy({ committer: signer })), /commits of others/);
  assert.equal(read(commitBy({ committer: signer }), { committers: [us, signer] }), "team/shop:1");
  assert.equal(read(commitBy({}, { cluster: "eu" }), { cluster: "eu" }), "team/shop:1");
  assert.equal(read(commitBy(), { cluster: "eu" }), "team/shop:1");
  assert.match(
    read(commitBy({}, { cluster: "us" }), { cluster: "eu" }),
    /holds the proposal of default\/shop in cluster us; name another branch/,
  );
  // Else the two would write over each other in turn, a push each at every pass.
  assert.match(read(commitBy({}, { cluster: "us" })), /holds the proposal of default\/shop in cluster us; name another branch/);
});

// S31
test("whose a proposal of as many files as there may be is, is read of what is read of its message", () => {
  const paths = Array.from({ length: 50 }, (_, index) => `${"folder/".repeat(30)}${index}.yaml`);
  const facts = { target: targetOf("shop"), paths, tag: "1", appCommit: commitOf("a".repeat(40)) };
  const whole = commitMessage(facts, { subject: "Tag {tag}", signOff: undefined, cluster: "us" });
  const message = whole.slice(0, 4 * 1024);
  assert.notEqual(message, whole);
  assert.match(read(commitBy({ message }), { cluster: "eu" }), /in cluster us; name another branch/);
  assert.equal(read(commitBy({ message }), { cluster: "us" }), "team/shop:1");
});
