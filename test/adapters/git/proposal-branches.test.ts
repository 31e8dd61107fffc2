/** Branches for proposals over real git: what stands on them, and that they are moved by compare-and-swap alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { git as runGit } from "../../../sandbox/git-process.ts";
import type { GitWire } from "../../../src/adapters/git/wire/git-wire.ts";
import { pushProposal } from "../../../src/adapters/git/wire/receive-pack.ts";
import type { ManifestsCopy } from "../../../src/core/git-ports.ts";
import { startManifestsWorld } from "./manifests-world.ts";

const BRANCH = "gitops-operator/shop";
const FILE = "shop/a.yaml";
const commitOf = (parent: string, text: string, options: readonly string[] = []) => ({
  ...{ parent, files: [{ path: FILE, text }], message: `Write ${text}\n`, signing: undefined, options },
});

// P1, S31
test("a branch outside the prefix is refused by the code that sends the push, before a byte is sent, whoever asks", async () => {
  const silent = { advertisement: () => assert.fail("asked"), request: () => assert.fail("sent") } as unknown as GitWire;
  const push = (branch: string, prefix = "gitops-operator/") =>
    pushProposal(
      silent,
      { branch, prefix, from: "1".repeat(40), to: "2".repeat(40) },
      () => assert.fail("packed"),
      () => assert.fail("sent"),
    );
  for (const branch of [
    "main",
    "gitops-operator",
    "gitops-operatorx/a",
    "gitops-operator/",
    "gitops-operator/../main",
    "x/gitops-operator/a",
  ]) {
    await assert.rejects(push(branch), /does not begin with 'gitops-operator\/', so nothing may be written anew on it/, branch);
  }
  for (const prefix of ["", "/", "m", "main"]) await assert.rejects(push("main", prefix), /nothing may be written anew/, prefix);
});

// P1, S31
test("the copy proposes on no branch outside the prefix", async (t) => {
  const { repository, at, open } = await startManifestsWorld(t);
  await repository.commit({ x: "1" }, { branch: "release" });
  const git = open();
  const before = [await repository.tip(), await repository.tip("release")];
  await git.withManifests(at, async (copy) => {
    const base = await copy.refresh(performance.now());
    for (const branch of ["main", "release", "new"]) {
      const from = await repository.tip(branch);
      await assert.rejects(copy.propose(branch, from, commitOf(base, "a: 2\n")), /nothing may be written anew/);
    }
  });
  assert.deepEqual([await repository.tip(), await repository.tip("release"), await repository.tip("new")], [...before, undefined]);
});

for (const config of [{}, { "uploadpack.allowFilter": "true" }] as const) {
  test(`what stands on a branch is told, and nothing of it is kept (${Object.keys(config)[0] ?? "a server that filters nothing"})`, async (t) => {
    const { repository, at, open } = await startManifestsWorld(t);
    for (const [key, value] of Object.entries(config)) await repository.config(key, value);
    const git = open();
    const old = (await repository.tip()) ?? "";
    await git.withManifests(at, async (copy) => {
      const base = await copy.refresh(performance.now());
      const wanted = [{ path: FILE, text: "a: 2\n" }];
      assert.equal(await copy.standing(BRANCH, base, wanted), undefined);
      const { kind, commit } = await copy.propose(BRANCH, undefined, commitOf(base, "a: 2\n"));
      assert.equal(kind, "accepted");
      assert.equal(await repository.tip(BRANCH), commit);
      const own = {
        ...{ author: { name: "Operator", email: "operator@example.com" }, committer: { name: "Operator", email: "operator@example.com" } },
        ...{ subject: "Write a: 2", hasTrailers: false, message: "Write a: 2\n", isFirst: true, hasFiles: true },
      };
      assert.deepEqual(await copy.standing(BRANCH, base, wanted), { sha: commit, own });
      assert.deepEqual(await copy.standing(BRANCH, base, [{ path: FILE, text: "a: 3\n" }]), {
        sha: commit,
        own: { ...own, hasFiles: false },
      });
      assert.deepEqual(await copy.standing(BRANCH, base, [...wanted, { path: "no", text: "" }]), {
        sha: commit,
        own: { ...own, hasFiles: false },
      });
      // What was pushed there is not the base's: it is in no history of it.
      assert.equal(await copy.holds(commit), false);

      // The base has moved by more than the copy would be asked for.
      for (let i = 0; i < (Object.keys(config).length > 0 ? 3 : 250); i++) await repository.commit({ [`f${i % 7}`]: `${i}` });
      const moved = await copy.refresh(performance.now());
      assert.deepEqual(await copy.standing(BRANCH, moved, wanted), { sha: commit, own });

      const stranger = await repository.commit({ y: "1" }, { branch: BRANCH });
      assert.deepEqual(await copy.standing(BRANCH, moved, wanted), { sha: stranger, own: "more" });
      await repository.forceBranch(BRANCH, moved);
      assert.deepEqual(await copy.standing(BRANCH, moved, wanted), { sha: moved, own: "nothing" });
      await repository.forceBranch(BRANCH, old);
      assert.deepEqual(await copy.standing(BRANCH, moved, wanted), { sha: old, own: "nothing" });
      const unrelated = (await runGit(repository.directory, ["commit-tree", "-m", "Root", `${old}^{tree}`])).toString().trim();
      await repository.forceBranch(BRANCH, unrelated);
      assert.deepEqual(await copy.standing(BRANCH, moved, wanted), { sha: unrelated, own: "more" });
    });
    await repository.fsck();
    await git.close();
  });
}

test("a stranger's branch that is too large to be looked at is a stranger's", async (t) => {
  const { repository, at, open } = await startManifestsWorld(t);
  const { randomBytes } = await import("node:crypto");
  await repository.commit({ big: { content: randomBytes(20 * 2 ** 20) } }, { branch: BRANCH });
  const git = open(undefined, { maxRepositoryBytes: 64 * 2 ** 20 });
  await git.withManifests(at, async (copy) => {
    const base = await copy.refresh(performance.now());
    assert.equal((await copy.standing(BRANCH, base, []))?.own, "more");
  });
});

// P1, F7-F8, S31
test("five writers at once on one branch, each looking before it pushes: one commit of one of them stands on the base, and none lost another's unseen", async (t) => {
  const { repository, at, open } = await startManifestsWorld(t);
  const base = (await repository.tip()) ?? "";
  const log = `${repository.directory}/moves`;
  await repository.installHook("update", `echo "$2 $3" >> ${log}`);
  const git = open();
  const moves: [string, string][] = [];
  let raced = 0;

  async function write(copy: ManifestsCopy, writer: number): Promise<void> {
    await copy.refresh(performance.now());
    for (let round = 0; round < 3; ) {
      const stands = await copy.standing(BRANCH, base, []);
      const result = await copy.propose(BRANCH, stands?.sha, commitOf(base, `a: ${writer}.${round}\n`));
      if (result.kind === "accepted") {
        moves.push([stands?.sha ?? "0".repeat(40), result.commit]);
        round += 1;
      } else {
        assert.equal(result.kind, "raced", JSON.stringify(result));
        raced += 1;
      }
    }
  }

  await Promise.all([0, 1, 2, 3, 4].map((writer) => git.withManifests(at, (copy) => write(copy, writer))));
  assert.ok(raced > 0, "they raced");
  assert.equal(moves.length, 15);
  // Each took away what it had looked at: the moves are one chain from nothing to what stands.
  const next = new Map(moves);
  assert.equal(next.size, 15, "none was taken away twice");
  let tip: string | undefined = "0".repeat(40);
  for (let step = 0; step < 15; step++) tip = tip && next.get(tip);
  assert.equal(await repository.tip(BRANCH), tip);
  const beyond = (await runGit(repository.directory, ["rev-list", `main..${BRANCH}`])).toString().trim();
  assert.equal(beyond, tip);
  await repository.fsck();
});

test("push options go to servers that take them, and to no other", async (t) => {
  const { repository, at, open } = await startManifestsWorld(t);
  const told = `${repository.directory}/told`;
  await repository.installHook(
    "post-receive",
    `i=0; while [ "$i" -lt "\${GIT_PUSH_OPTION_COUNT:-0}" ]; do eval "printf '%s\\n' \\"\\$GIT_PUSH_OPTION_$i\\"" >> ${told}; i=$((i + 1)); done; echo "count \${GIT_PUSH_OPTION_COUNT:-0}" >> ${told}; echo "To see it: https://forge.test/7"`,
  );
  const { readFile } = await import("node:fs/promises");
  const git = open();
  await git.withManifests(at, async (copy) => {
    const base = await copy.refresh(performance.now());
    const options = ["merge_request.create", "merge_request.title=Ä — “x”"];
    const first = await copy.propose(BRANCH, undefined, commitOf(base, "a: 2\n", options));
    assert.equal(first.kind, "accepted");
    assert.equal(await readFile(told, "utf8"), "count 0\n");
    await repository.config("receive.advertisePushOptions", "true");
    const second = await copy.propose(BRANCH, first.commit, commitOf(base, "a: 3\n", options));
    assert.ok(second.kind === "accepted");
    assert.match(second.said ?? "", /https:\/\/forge\.test\/7/);
    assert.equal(await readFile(told, "utf8"), `count 0\n${options.join("\n")}\ncount 2\n`);
  });
});
