import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createBareRepository } from "../../../../sandbox/bare-repository.ts";
import { git } from "../../../../sandbox/git-process.ts";
import { createPackWork } from "../../../../src/adapters/git/packs/pack-work.ts";
import { createWorkshop } from "../../../../src/workshop/workshop.ts";
import { growthOf, MOST_GROWTH } from "../../../growth.ts";
import { inChunks } from "../local-git.ts";
import { owner } from "../manifests-world.ts";
import { rawDelta, rawPack } from "./pack-bytes.ts";

const workshop = createWorkshop();
after(() => workshop.close());
const { readHistory } = createPackWork(workshop);
const history = (pack: Buffer, chunkBytes: number, from = "", most = 100, sought = "") =>
  readHistory(inChunks(pack, chunkBytes), { from, most, sought }, owner);

test("git's own packs, deltas among the commits included, in chunks of any size", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "commit-pack-"));
  t.after(() => rm(folder, { recursive: true }));
  const repository = await createBareRepository(join(folder, "r.git"), { files: { a: "0" } });
  const long = Array.from({ length: 40 }, (_, i) => `line ${i} of a message that hardly differs from its neighbour's`).join("\n");
  for (let i = 1; i <= 12; i++) await repository.commit({ a: String(i) }, { message: `Change ${i}\n\n${long}` });
  const pack = await git(repository.directory, ["pack-objects", "--stdout", "--delta-base-offset", "--revs"], {
    input: "refs/heads/main\n",
  });
  const log = await repository.log();
  for (const size of [1, 7, 100, pack.length]) {
    const { line, isFound } = await history(pack, size, log[0]?.sha, 100, log.at(-1)?.sha);
    assert.equal(isFound, true);
    assert.deepEqual(
      line.map(({ sha, parents, author, subject }) => ({ sha, parents, author, subject })),
      log.map(({ sha, parents, author, subject }) => ({ sha, parents, author, subject })),
    );
    assert.equal((await history(pack, size, log[0]?.sha, 5)).line.length, 5);
    assert.deepEqual(await history(pack, size, "0".repeat(40), 5, "1".repeat(40)), { line: [], isFound: false, isWhole: true });
  }
});

test("commits that are deltas on an id, as servers without ofs-delta send them", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "commit-pack-"));
  t.after(() => rm(folder, { recursive: true }));
  const repository = await createBareRepository(join(folder, "r.git"), { files: { a: "0" } });
  const long = Array.from({ length: 40 }, (_, i) => `line ${i} of a message that hardly differs from its neighbour's`).join("\n");
  for (let i = 1; i <= 8; i++) await repository.commit({ a: String(i) }, { message: `Change ${i}\n\n${long}` });
  const options = ["pack-objects", "--stdout", "--revs", "-q"];
  const pack = await git(repository.directory, options, { input: "refs/heads/main\n" });
  const log = await repository.log();
  const { line, isWhole } = await history(pack, 100, log[0]?.sha);
  assert.deepEqual(
    line.map(({ sha }) => sha),
    log.map(({ sha }) => sha),
  );
  assert.equal(isWhole, true);
});

test("a tag in front of the commit that it names is passed over, a file or folder ends what is read", async () => {
  const commit = { type: 1, content: Buffer.from(`tree ${"1".repeat(40)}\n\nm`) };
  const tag = { type: 4, content: Buffer.from("object 1\n") };
  const id = createHash("sha1").update(`commit ${commit.content.length}\0`).update(commit.content).digest("hex");
  assert.equal((await history(rawPack([tag, commit]), 100, id)).line.length, 1);
  for (const type of [2, 3]) assert.equal((await history(rawPack([{ ...tag, type }, commit]), 100, id)).line.length, 0);
});

test("what is no pack, a damaged one, or one that ends early is refused", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "commit-pack-"));
  t.after(() => rm(folder, { recursive: true }));
  const repository = await createBareRepository(join(folder, "r.git"), { files: { a: "0" } });
  const pack = await git(repository.directory, ["pack-objects", "--stdout", "--revs"], { input: "refs/heads/main\n" });
  const damaged = Buffer.from(pack);
  damaged.fill(0xff, 14, 40);
  for (const bytes of [Buffer.from("hello, I am no pack"), damaged, pack.subarray(0, 20), Buffer.alloc(0)]) {
    await assert.rejects(history(bytes, 10), { code: "git_protocol" });
  }
});

test("a commit that comes byte by byte costs about as much as one that comes at once", async () => {
  // Random, so that it takes as much room in the pack.
  const packOf = (bytes: number) =>
    rawPack([{ type: 1, content: Buffer.from(`tree ${"0".repeat(40)}\n\n${randomBytes(bytes).toString("hex")}`) }]);
  const packs = new Map([8_000, 64_000].map((bytes) => [bytes, packOf(bytes)]));
  const growth = await growthOf(8_000, async (bytes) => {
    await history(packs.get(bytes) as Buffer, 16);
  });
  assert.ok(growth < MOST_GROWTH, `${growth} times`);
});

test("commits that declare more than is bearable are refused before they are inflated", async () => {
  const bomb = rawPack([{ type: 1, content: Buffer.alloc(2 ** 21) }]);
  const liar = rawPack([{ type: 1, content: Buffer.alloc(2 ** 21), declaredSize: 10 }]);
  const many = rawPack(Array.from({ length: 20 }, (_, i) => ({ type: 1, content: Buffer.alloc(2 ** 20 - i) })));
  const small = Buffer.from(`tree ${"0".repeat(40)}\n\nm`);
  const delta = rawPack([
    { type: 1, content: small },
    { type: 6, base: 1, content: rawDelta(small.length, "", 1, 2 ** 21) },
  ]);
  await assert.rejects(history(liar, 1_000), { code: "git_protocol" });
  for (const pack of [bomb, delta])
    await assert.rejects(history(pack, 1_000), { code: "git_limit", message: /a commit of more than 1 MiB/ });
  await assert.rejects(history(many, 1_000), { code: "git_limit" });
});
