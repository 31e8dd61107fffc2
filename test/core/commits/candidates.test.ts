import assert from "node:assert/strict";
import { test } from "node:test";
import { findCandidates } from "../../../src/core/commits/candidates.ts";
import type { Git } from "../../../src/core/git-ports.ts";
import type { ReadBranches } from "../../../src/core/targets/read-branches.ts";
import type { Target } from "../../../src/core/types.ts";
import { inReferences, leastCpuMs } from "../../growth.ts";
import { commitOf } from "../commits.ts";
import { targetOf } from "../targets.ts";

const notAsked = () => Promise.reject(new Error("not asked here"));
const hex = (number: number) => number.toString(16).padStart(8, "0").repeat(5);
const commits = Array.from({ length: 1_000 }, (_, i) => commitOf(hex(i), { parents: [hex(i + 1)] }));
const releases = Array.from({ length: 1_001 }, (_, i) => ({ name: `v2.${2_000 - i}.0`, sha: hex(i) }));

const received: string[] = [];

/** A branch of a thousand commits, and as many releases. */
const git: Git = {
  commits: async () => ({ branch: "main", tip: commits[0] ?? commitOf(""), at: async (index) => commits[index] }),
  releases: async () => releases,
  async commit(_at, sha) {
    received.push(sha);
    return commitOf(sha);
  },
  ...{ prints: notAsked, manifestsBranch: notAsked, withManifests: notAsked, refreshAhead() {} },
};

function find(target: Target) {
  const repository = { transport: "ssh", user: "git", host: "git.example", port: 22, path: "team/app.git" } as const;
  const at = { repository, key: { id: "k", privateKey: "" }, namespace: "team", branch: undefined };
  const branches = { app: at, manifests: at } as unknown as ReadBranches;
  return findCandidates({ target, branches, notBefore: 0 }, { git, identity: { name: "Operator", email: "operator@example.com" } });
}

/** As many different tags as a manifest of 1 MiB has room for. */
const tagsOf = (tag: (i: number) => string) => Array.from({ length: 30_000 }, (_, i) => tag(i));

for (const [what, target, tags] of [
  ["a branch's commits", targetOf("shop"), tagsOf((i) => `f${hex(i).slice(1, 8)}`)],
  ["releases", targetOf("shop", { releaseTags: "v*", tagFormat: [{ of: "tag" }] }), tagsOf((i) => `v1.${i}.0`)],
] as const) {
  // S32
  test(`a file with tens of thousands of tags is compared with ${what} in a moment`, async () => {
    const candidates = await find(target);
    const cost = await inReferences(
      await leastCpuMs(async () => {
        assert.equal(candidates.isPassed(tags), false);
        await candidates.behind(tags);
      }),
    );
    assert.ok(cost < 300, `${Math.round(cost)} times a millisecond's work`);
  });
}

test("the tag in a file, whole or as a part of another, bounds what may be taken; of several the newest", async () => {
  const { behind, isPassed, tip } = await find(targetOf("shop"));
  assert.equal(tip.sha, hex(0));
  const shas = async (tags: readonly string[]) => (await behind(tags)).newer.map(({ sha }) => sha);
  assert.deepEqual(await shas([hex(3)]), [hex(1), hex(2)]);
  assert.deepEqual([(await behind([hex(3)])).standsAt, (await behind([hex(3), hex(9)])).standsAt], [hex(3), undefined]);
  assert.deepEqual(await shas([`main-${hex(3).slice(0, 8)}`]), [hex(1), hex(2), hex(3)]);
  assert.deepEqual(await shas([hex(9), "other", hex(3)]), [hex(1), hex(2), hex(3)]);
  assert.deepEqual(await shas(["other", "f".repeat(40)]), []);
  assert.equal(isPassed([hex(3)]), false);
  const released = await find(targetOf("shop", { releaseTags: "v*", tagFormat: [{ of: "tag" }] }));
  const names = async (tags: readonly string[]) => (await released.behind(tags)).newer.map(({ tag }) => tag);
  assert.deepEqual(await names(["v2.1998.0", "v2.1900.0", "latest"]), ["v2.1999.0"]);
  assert.deepEqual(await names(["latest"]), []);
  assert.deepEqual([released.isPassed(["v2.1999.0"]), released.isPassed(["v1.0.0", "v3.0.0"])], [false, true]);
});

// S33
test("of releases behind the highest no commit is received but the one that is to be written", async () => {
  received.length = 0;
  const { behind, tip } = await find(targetOf("shop", { releaseTags: "v*", tagFormat: [{ of: "tag" }], lookBack: 100 }));
  const { newer } = await behind(["v2.1000.0"]);
  assert.deepEqual([newer.length, received], [100, [tip.sha]]);
  assert.deepEqual([newer[4]?.tag, (await newer[4]?.commit())?.sha], ["v2.1995.0", hex(5)]);
  assert.deepEqual(received, [tip.sha, hex(5)]);
});
