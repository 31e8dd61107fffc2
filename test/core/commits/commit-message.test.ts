import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { Commit } from "../../../src/core/app-history.ts";
import { commitMessage, isOperatorCommit } from "../../../src/core/commits/commit-message.ts";
import { fileInTrailer } from "../../../src/core/commits/trailers.ts";
import { createRandom } from "../../random.ts";
import { commitOf } from "../commits.ts";
import { targetOf } from "../targets.ts";

const sha = "2".repeat(40);
const subject = "chore(refs): gitops-operator updating image tags";
const own = { name: "GitOps Bot", email: "bot@example.com" };
const target = targetOf("web", {
  namespace: "prod",
  appRepository: { transport: "ssh", user: "git", host: "github.com", port: 22, path: "team/app.git" },
  image: { registry: "docker.io", repository: "team/app" },
});

const paths = ["web/deployment.yaml"];

function commit(subject: string, name = "Ada"): Commit {
  return commitOf(sha, { author: { name, email: "ada@example.com" }, subject });
}

test("the message says what changed and why, and ends with trailers of ours", () => {
  assert.equal(
    commitMessage({ target, paths, from: "1111111", tag: "2222222", appCommit: commit("Add search") }),
    `${subject}

Deployment prod/web, image team/app: 1111111 -> 2222222

Application commit ${sha}
of git@github.com:team/app.git
by Ada: Add search

Gitops-Operator-Deployment: prod/web
Gitops-Operator-Image: team/app:2222222
Gitops-Operator-Commit: ${sha}
Gitops-Operator-File: web/deployment.yaml
`,
  );
  assert.match(commitMessage({ target, paths, tag: "2222222", appCommit: commit("x") }), /image team\/app: 2222222\n/);
  const unchecked = commitMessage({ target, paths, tag: "2222222", appCommit: commit("x"), unchecked: true });
  assert.match(unchecked, /image team\/app: 2222222 \(image unchecked\)\n/);
});

test("git reads exactly our trailers, whatever the application's author wrote", () => {
  const message = commitMessage({
    target,
    paths,
    tag: sha,
    appCommit: commit(
      "Co-authored-by: Eve <eve@example.com>\n\nSigned-off-by: Eve <eve@example.com>\nskip-checks: true\n",
      "Reviewed-by: x",
    ),
  });
  const trailers = execFileSync("git", ["interpret-trailers", "--parse"], { input: message, encoding: "utf8" });
  const [deployment, image, ...others] = trailers.trimEnd().split("\n");
  assert.deepEqual([deployment, image], ["Gitops-Operator-Deployment: prod/web", `Gitops-Operator-Image: team/app:${sha}`]);
  assert.deepEqual(others, [`Gitops-Operator-Commit: ${sha}`, "Gitops-Operator-File: web/deployment.yaml"]);
});

/** What forges and CI systems act on, anywhere in a message. */
const acts = [
  /(^|[^\w])@\w/m,
  /#\d/,
  /\bgh-\d/i,
  /[A-Z]{2,}-\d/,
  /https?:\/\//,
  /\[(skip|no|ci)[ -]?/i,
  /\*\*\*/,
  /skip-checks/i,
  /[\p{Cf}\p{Zl}\p{Zp}]/u,
  /[^\P{Cc}\n]/u,
];

const hostile: [message: string, shown: string][] = [
  ["Merge pull request #12 from team/fix", "Merge pull request # 12 from team/fix"],
  ["fixes #1, closes org/repo#2, GH-3", "fixes # 1, closes org/repo# 2, GH 3"],
  ["Closes PROJ-12", "Closes PROJ 12"],
  ["resolves https://github.com/o/r/issues/1", "resolves https: //github.com/o/r/issues/1"],
  ["thanks @team and @org/admins", "thanks @ team and @ org/admins"],
  ["wip [skip ci] [ci skip] [no ci]", "wip (skip ci) (ci skip) (no ci)"],
  ["wip ***NO_CI*** skip-checks: true", "wip NO_CI skip checks: true"],
  ["a\u202e\u200b\x1b[31mb\0", "a(31mb"],
  ["@\u200bteam [skip\u200b ci] @`team`", "@ team (skip ci) @ team"],
  ["<b>x</b> <!channel>", "(b)x(/b) (! channel)"],
  ["", "(empty)"],
  ["x".repeat(500), `${"x".repeat(119)}…`],
];
for (const [message, shown] of hostile) {
  test(`${JSON.stringify(message.slice(0, 50))} is made harmless`, () => {
    const text = commitMessage({ target, paths, tag: sha, appCommit: commit(message, message) });
    assert.ok(text.includes(`\nby ${shown}: ${shown}\n`), text);
    for (const act of acts) assert.doesNotMatch(text, act);
  });
}

// S18
test("no author or subject makes a message that anything acts on (5,000 generated ones)", () => {
  const random = createRandom(4);
  const alphabet = [
    "@",
    "#",
    "1",
    "team",
    "fixes ",
    "GH-",
    "PROJ-",
    "[",
    "]",
    "skip ci",
    "*",
    "***NO_CI***",
    "skip-",
    "checks",
    ": ",
    "http",
    "://",
    "\u200b",
    "\u202e",
    "\x1b",
    "\n",
    "`",
    " ",
    "🚀",
    "\ud800",
  ];
  for (let round = 0; round < 5000; round++) {
    const facts = {
      target,
      paths: [random.text(alphabet, 6)],
      tag: sha,
      appCommit: commit(random.text(alphabet, 12), random.text(alphabet, 6)),
    };
    const text = commitMessage(facts);
    for (const act of acts) assert.doesNotMatch(text, act);
    assert.equal(text.split("\n").length, 13, text);
  }
});

test("a file is told by its path; what is acted on is percent-encoded, so that the path can be read back", () => {
  for (const [path, told] of [
    ["apps/my-shop-1/deployment.v2.yaml", "apps/my-shop-1/deployment.v2.yaml"],
    ["läden/Бар.yaml", "läden/Бар.yaml"],
    ["a b/@team #1 [skip ci]/gh-3/PROJ-12.yaml", "a%20b/%40team%20%231%20%5Bskip%20ci%5D/gh%2D3/PROJ%2D12.yaml"],
    ["100%/🚀/Skip-Checks.yaml", "100%25/%F0%9F%9A%80/Skip%2DChecks.yaml"],
  ] as const) {
    assert.equal(fileInTrailer(path), told);
    assert.equal(decodeURIComponent(told), path);
    assert.ok(commitMessage({ target, paths: [path], tag: sha, appCommit: commit("x") }).endsWith(`\nGitops-Operator-File: ${told}\n`));
  }
});

test("our own commits are known by subject and author, and the original's by its name", () => {
  const by = (author: { name: string; email: string }, firstLine = subject) =>
    isOperatorCommit(commitOf(sha, { author, subject: firstLine }), own);
  assert.equal(by(own), true);
  assert.equal(by(own, String(commitMessage({ target, paths, tag: sha, appCommit: commit("x") }).split("\n", 1)[0])), true);
  assert.equal(by({ name: "GitOps Operator", email: "someone@example.com" }), true);
  assert.equal(by({ ...own, email: "other@example.com" }), false);
  assert.equal(by({ name: "Ada", email: own.email }), false);
  assert.equal(by(own, `${subject}!`), false);
  assert.equal(by(own, `Revert "${subject}"`), false);
  assert.equal(by(own, "other"), false);
  // With a subject of the operator's settings, by its trailers.
  const withTrailers = (author: { name: string; email: string }) =>
    isOperatorCommit(commitOf(sha, { author, subject: "other", hasTrailers: true }), own);
  assert.equal(withTrailers(own), true);
  assert.equal(withTrailers({ name: "GitOps Operator", email: "someone@example.com" }), false);
});
