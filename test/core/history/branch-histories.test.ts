import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestOf } from "../../../sandbox/world.ts";
import type { BranchCommit, RecentHistory, RecentQuestion } from "../../../src/core/branch-history.ts";
import { commitMessage } from "../../../src/core/commits/commit-message.ts";
import { createBranchHistories } from "../../../src/core/history/branch-histories.ts";
import { editManifest } from "../../../src/core/places/edit-manifest.ts";
import type { Target } from "../../../src/core/types.ts";
import { targetOf } from "../targets.ts";

const identity = { name: "Operator", email: "operator@example.com" };
const subject = "chore(refs): gitops-operator updating image tags";
const id = (number: number) => number.toString(16).padStart(40, "0");

const shop = (name = "shop", namespace = "default"): Target => ({
  ...targetOf(name, { namespace, image: { repository: "team/shop" } }),
});

const own = (number: number, target: Target, from: string, tag: string): BranchCommit => ({
  ...{ sha: id(number), time: number, author: identity, subject, hasTrailers: true, changes: [] },
  message: commitMessage({
    ...{ target, paths: [target.files[0].path], from, tag },
    appCommit: {
      ...{ sha: id(9_000 + number), tree: id(1), parents: [], author: { name: "Jane: \u202ethe Doe", email: "j@example.com" }, time: 1 },
      subject: `Work ${"x".repeat(200)}`,
    },
  } as never),
});

/** A branch that grows from commit to commit; `asked` counts the questions. */
function startBranch() {
  const compared: number[] = [];
  let breaths = 0;
  const histories = createBranchHistories({
    identity,
    places: {
      async edit(question) {
        compared.push(question.text.length);
        return editManifest(question);
      },
    },
    async breathe() {
      breaths += 1;
    },
  });
  let commits: BranchCommit[] = [];
  let fails = false;
  const asked: RecentQuestion[] = [];
  const copy = {
    tip: () => commits[0]?.sha,
    list: async () => [],
    async recent(_head: string, question: RecentQuestion): Promise<RecentHistory> {
      asked.push(question);
      const at = commits.findIndex(({ sha }) => question.isKnown(sha));
      const fresh = at < 0 ? commits : commits.slice(0, at);
      return { commits: fresh, ends: at < 0 ? ["end"] : [commits[at]?.sha ?? ""], isFailed: fails, ...(fails && { reason: "cut" }) };
    },
  };
  const { signal } = new AbortController();
  return {
    histories,
    asked,
    compared,
    breaths: () => breaths,
    set(next: BranchCommit[], nextFails = false) {
      commits = next;
      fails = nextFails;
    },
    learn: (targets: readonly Target[], branch = "branch") => histories.learn({ branch, namespace: "default", copy, targets, signal }),
  };
}

test("what a commit of the operator says is told in printable words of 120 characters; what it does not say is left out", async () => {
  const { histories, set, learn } = startBranch();
  const target = shop();
  const old = own(1, target, "a", "b");
  set([own(2, target, "b", "c"), { ...old, message: old.message.slice(old.message.indexOf("Gitops-Operator")) }]);
  histories.met(target, "branch", id(2));
  await learn([target]);
  const [newest, oldest] = histories.of(target);
  const { appAuthor, appSubject, ...rest } = newest ?? {};
  assert.deepEqual(rest, { at: "1970-01-01T00:00:02.000Z", commit: id(2), from: "b", to: "c", appCommit: id(9_002), by: "operator" });
  assert.equal(appAuthor, "Jane");
  assert.ok((appSubject ?? "").length <= 120 && !/\p{Cf}/u.test(appSubject ?? ""), appSubject);
  assert.deepEqual(oldest, { at: "1970-01-01T00:00:01.000Z", commit: id(1), to: "b", appCommit: id(9_001), by: "operator" });
});

test("a person's commit with the operator's subject and trailers stays a person's, and is told by its files", async () => {
  const { histories, set, learn } = startBranch();
  const target = shop();
  const changes = [{ path: "shop/deployment.yaml", before: manifestOf("shop", "team/shop:b"), after: manifestOf("shop", "team/shop:a") }];
  set([{ ...own(2, target, "x", "y"), author: { name: "Eve", email: "eve@example.com" }, changes }, own(1, target, "a", "b")]);
  histories.met(target, "branch", id(2));
  await learn([target]);
  assert.deepEqual(
    histories.of(target).map(({ by, from, to }) => [by, from, to]),
    [
      ["person", "b", "a"],
      ["operator", "a", "b"],
    ],
  );
});

test("a branch is looked behind once per move; what could not be asked is tried at the next; a forced branch is told anew", async () => {
  const { histories, set, learn, asked } = startBranch();
  const target = shop();
  const tags = () => histories.of(target).map(({ to }) => to);
  set([own(1, target, "a", "b")], true);
  histories.met(target, "branch", id(1));
  assert.equal(histories.isBehind(target), true);
  assert.equal(await learn([target]), "cut");
  assert.equal(histories.isBehind(target), false);
  set([own(2, target, "b", "c"), own(1, target, "a", "b")]);
  histories.met(target, "branch", id(2));
  assert.equal(histories.isBehind(target), true);
  assert.equal(await learn([target]), undefined);
  assert.equal(asked.at(-1)?.isKnown(id(1)), false, "what is behind it was not asked before");
  assert.deepEqual(tags(), ["c", "b"]);
  set([own(3, target, "b", "d"), own(1, target, "a", "b")]);
  await learn([target]);
  assert.deepEqual(tags(), ["d", "b"]);
});

test("a Deployment that is new in a branch has the branch looked behind again, and sees nothing before a run has read it with its key", async () => {
  const { histories, set, learn } = startBranch();
  const [one, other] = [shop(), shop("other")];
  set([own(2, other, "b", "c"), own(1, one, "a", "b")]);
  histories.met(one, "branch", id(2));
  await learn([one]);
  histories.met(other, "branch", id(2));
  assert.equal(histories.isBehind(other), true);
  await learn([one, other]);
  assert.equal(histories.of(other).length, 1);
  assert.deepEqual(histories.of(shop("other", "elsewhere")), []);
  histories.forget(other);
  assert.deepEqual(histories.of(other), []);
  assert.equal(histories.of(one).length, 1);
});

// P10, S33
test("500 Deployments with 40 commits each stay within the bound, and each keeps its newest; many branches too", async () => {
  const { histories, set, learn } = startBranch();
  const targets = Array.from({ length: 500 }, (_, index) => shop(`shop-${index}`));
  const commits = targets.flatMap((target, index) =>
    Array.from({ length: 40 }, (_, edit) => own(index * 40 + edit, target, "a", `v${edit}`)),
  );
  set(commits);
  for (const target of targets) histories.met(target, "branch", id(0));
  await learn(targets);
  assert.ok(histories.bytes <= 5 * 2 ** 20, `${histories.bytes} bytes`);
  for (const target of targets) assert.equal(histories.of(target)[0]?.to, "v0");
  // More than fit in a branch, in one branch more than fit together.
  set(commits.filter((_, index) => index % 40 < 10));
  for (let branch = 0; branch < 4; branch++) await learn(targets, `branch-${branch}`);
  assert.ok(histories.bytes <= 12 * 2 ** 20, `${histories.bytes} bytes`);
});

/** A person's commits, each of which changes the one file of all. */
function changesOf(path: string, many: number, fill = ""): BranchCommit[] {
  const text = (number: number) => `${manifestOf("shop", `team/shop:v${number}`)}${fill}`;
  return Array.from({ length: many }, (_, index) => many - index).map((number) => ({
    ...{ sha: id(number), time: number, author: { name: "Jane", email: "j@example.com" }, subject: "x", hasTrailers: false, message: "x" },
    changes: [{ path, before: text(number - 1), after: text(number) }],
  }));
}

// S32, S33
test("a file that a hundred Deployments name and fifty commits changed is read once as each left it, and others go on between", async () => {
  const { set, learn, compared, breaths, histories } = startBranch();
  const targets = Array.from({ length: 100 }, (_, index) => ({ ...shop(`shop-${index}`), files: shop().files }));
  set(changesOf(shop().files[0].path, 50));
  for (const target of targets) histories.met(target, "branch", id(50));
  assert.equal(await learn(targets), undefined);
  assert.equal(compared.length, 51);
  assert.ok(breaths() >= compared.length);
  assert.deepEqual(
    targets.map((target) => histories.of(target).length),
    targets.map(() => 50),
  );
});

// S32, S33
test("16 MiB of what changed are compared in a look, the newest first, and that there is more is told", async () => {
  const { set, learn, compared, histories } = startBranch();
  const targets = Array.from({ length: 20 }, (_, index) => ({
    ...shop(`shop-${index}`),
    files: shop().files,
    image: { repository: `team/${index}` },
  }));
  const target = shop();
  set(changesOf(target.files[0].path, 40, `#${" ".repeat(2 ** 16)}\n`));
  histories.met(target, "branch", id(40));
  assert.match((await learn([target, ...targets])) ?? "", /more than is looked at/);
  assert.ok(compared.reduce((sum, length) => sum + length, 0) <= 16 * 2 ** 20 + 2 ** 17);
  assert.equal(histories.of(target)[0]?.to, "v40");
});
