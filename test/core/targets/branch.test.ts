import assert from "node:assert/strict";
import { test } from "node:test";
import { branchProblem } from "../../../src/core/targets/branch.ts";

const good = ["main", "master", "feature/x", "release-1.2", "dependabot/npm_and_yarn/a-1.0.0", "fix#12", "a@b", "été", "v1", "a.b", "x{y}"];
const bad = [
  "",
  "-d",
  "--all",
  "../../x",
  "a..b",
  "x.lock",
  "a.lock/b",
  ".x",
  "a/.b",
  "/a",
  "a/",
  "a//b",
  "a.",
  "@",
  "HEAD",
  "a@{1}",
  "a b",
  "a~1",
  "a^",
  "a:b",
  "a?",
  "a*",
  "a[b",
  "a\\b",
  "a\nb",
  "a\0b",
  "a\x7fb",
  "a\u202eb",
  "\ud800",
  "refs/heads/main",
  "a".repeat(256),
  "é".repeat(128),
];

for (const name of good) test(`${name} is a branch name`, () => assert.equal(branchProblem(name), undefined));
for (const name of bad) {
  // S8
  test(`${JSON.stringify(name.slice(0, 40))} is refused with the remedy`, () => assert.match(branchProblem(name) ?? "", /; /));
}
