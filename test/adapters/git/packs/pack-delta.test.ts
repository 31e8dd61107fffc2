import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createBareRepository } from "../../../../sandbox/bare-repository.ts";
import { git } from "../../../../sandbox/git-process.ts";
import { readCommits } from "../../../../src/adapters/git/packs/commit-pack.ts";
import { applyDelta } from "../../../../src/adapters/git/packs/pack-delta.ts";
import { indexPack } from "../../../../src/adapters/git/packs/pack-index.ts";
import { growthOf, MOST_GROWTH } from "../../../growth.ts";
import { byteByByteDelta, rawPack } from "./pack-bytes.ts";

// S10, S32
test("a delta of an instruction for each byte is refused, of a commit and of a file", () => {
  const base = Buffer.from("tree 0\n\nm");
  const delta = byteByByteDelta(base.length, 100_000);
  assert.throws(() => applyDelta(base, delta), /more instructions than it needs/);
  const commits = rawPack([
    { type: 1, content: base },
    { type: 6, base: 1, content: delta },
  ]);
  assert.throws(() => readCommits(commits), { code: "git_protocol" });
  const blobs = rawPack([
    { type: 3, content: base },
    { type: 6, base: 1, content: delta },
  ]);
  assert.throws(() => indexPack(blobs, { repository: "r", maxBytes: 2 ** 20 }), { code: "git_copy_damaged", message: /more instructions/ });
});

test("a delta of as many instructions as it may have costs in proportion to its bytes", async () => {
  const base = Buffer.from("four");
  const delta = (copies: number) => {
    const header = byteByByteDelta(4, 4 * copies).subarray(0, -8 * copies);
    return Buffer.concat([header, Buffer.alloc(2 * copies, Buffer.from([0x90, 4]))]);
  };
  assert.equal(`${applyDelta(base, delta(50_000)).subarray(-8)}`, "fourfour");
  const growth = await growthOf(5_000, (copies) => applyDelta(base, delta(copies)));
  assert.ok(growth < MOST_GROWTH, `${growth} times`);
});

test("git's own deltas of texts that differ everywhere have room", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "pack-delta-"));
  t.after(() => rm(folder, { recursive: true }));
  // A change in every line: as many instructions for as few bytes as git makes.
  const text = (version: number) =>
    Array.from({ length: 20_000 }, (_, i) => `${(i * 7919) % 99_991} and so on ${i % 3 === version ? "x" : ""}`).join("\n");
  const repository = await createBareRepository(join(folder, "r.git"), { files: { a: text(9) } });
  for (let version = 0; version < 3; version++) await repository.commit({ a: text(version) });
  const pack = await git(repository.directory, ["pack-objects", "--stdout", "--revs", "--all", "--delta-base-offset"]);
  assert.ok(pack.length < 500_000, "there are deltas");
  assert.ok(indexPack(pack, { repository: "r", maxBytes: 2 ** 24 }).length > 0);
});
