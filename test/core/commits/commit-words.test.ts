import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { commitMessage } from "../../../src/core/commits/commit-message.ts";
import { renderSubject, subjectProblem, usualSubject, usualWords } from "../../../src/core/commits/commit-words.ts";
import { commitOf } from "../commits.ts";
import { targetOf } from "../targets.ts";

const appCommit = commitOf("abcdef0123".repeat(4));
const facts = { target: targetOf("shop", { namespace: "prod" }), paths: ["shop.yaml"], from: "1111111", tag: "2222222", appCommit };

test("the subject says what the operator's settings ask for, filled in and harmless", () => {
  const subjectOf = (subject: string) => commitMessage(facts, { ...usualWords, subject }).split("\n", 1)[0];
  assert.equal(subjectOf(usualSubject), "chore(refs): gitops-operator updating image tags");
  assert.equal(subjectOf("chore(refs): {namespace}/{deployment} {from} → {sha7}"), "chore(refs): prod/shop 1111111 → abcdef0");
  assert.equal(subjectOf("{image} {tag}"), "team/shop 2222222");
  const told = { namespace: "n", deployment: "@all", image: "i", tag: "[skip ci]", from: "a\nb", sha7: "{tag}" };
  assert.equal(renderSubject("{deployment} {tag} {from} {sha7}", told), "@ all (skip ci) a b (tag)");
  assert.equal(renderSubject("{tag} {tag}", { ...told, tag: "t".repeat(120) }).length, 120);
  const { from: _, ...first } = facts;
  assert.equal(commitMessage(first, { ...usualWords, subject: "{from} -> {tag}" }).split("\n", 1)[0], "(none) -> 2222222");
});

test("a subject that names what is not known, or is no line, is told with what is wrong", () => {
  const list = "{namespace}, {deployment}, {image}, {tag}, {from}, {sha7}";
  assert.equal(subjectProblem("{namespace} {sha}"), `holds {sha}; write ${list}, or no braces`);
  assert.equal(subjectProblem("a } b"), `holds }; write ${list}, or no braces`);
  assert.equal(subjectProblem("a { b"), `holds { b; write ${list}, or no braces`);
  assert.equal(subjectProblem("{sha7"), `holds {sha7; write ${list}, or no braces`);
  for (const text of ["a\nb", "", " a", "a\t"]) assert.equal(subjectProblem(text), "must be one line without spaces around it");
  assert.equal(subjectProblem("x".repeat(121)), "must have at most 120 characters");
  assert.equal(subjectProblem("{namespace}/{deployment} {image} {tag} {from} {sha7}"), undefined);
});

test("cluster and sign-off are trailers that git reads", () => {
  const signOff = { name: "GitOps Bot", email: "bot@example.com" };
  const message = commitMessage(facts, { subject: usualSubject, signOff, cluster: "eu-1" });
  const trailers = execFileSync("git", ["interpret-trailers", "--parse"], { input: message, encoding: "utf8" }).trim().split("\n");
  assert.deepEqual(trailers.slice(-3), [
    "Gitops-Operator-Cluster: eu-1",
    "Gitops-Operator-File: shop.yaml",
    "Signed-off-by: GitOps Bot <bot@example.com>",
  ]);
  assert.doesNotMatch(commitMessage(facts), /Signed-off-by|Cluster/);
});
