import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { createContentCache } from "../../../../src/adapters/git/packs/content-cache.ts";
import { createObjectStore } from "../../../../src/adapters/git/packs/object-store.ts";
import { createPackWork } from "../../../../src/adapters/git/packs/pack-work.ts";
import { createWorkshop, type Workshop } from "../../../../src/workshop/workshop.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { inChunks } from "../local-git.ts";
import { owner, startManifestsWorld } from "../manifests-world.ts";
import { blobId, byteByByteDelta, type RawEntry, rawDelta, rawPack } from "./pack-bytes.ts";

const MIB = 2 ** 20;
const real = createWorkshop();
after(() => real.close());

/** The real one, and for whom it was asked to do what. */
function watched(): { workshop: Workshop; asked: string[] } {
  const asked: string[] = [];
  const run: Workshop["run"] = (job, input, context) => {
    asked.push(`${job} for ${context.namespace}`);
    return real.run(job, input, context);
  };
  return { workshop: { run, close: real.close }, asked };
}

const file = (bytes: number): RawEntry => ({ type: 3, content: Buffer.alloc(bytes, "a") });

for (const [what, entries, jobs] of [
  ["a few small files", [file(100), file(1_000), file(10_000)], []],
  ["a file that is small while it is packed", [file(MIB)], ["indexPack for shop"]],
  ["hundreds of the smallest files", Array.from({ length: 500 }, (_, i) => file(i)), ["indexPack for shop"]],
  [
    "small deltas that make much",
    [file(60_000), ...Array.from({ length: 10 }, (_, i): RawEntry => ({ type: 6, base: i + 1, content: rawDelta(60_000, `${i}`, 1) }))],
    ["indexPack for shop"],
  ],
] as const) {
  // S10, S32
  test(`a pack is indexed where it is asked for only while that is little work: ${what}`, async (t) => {
    const { workshop, asked } = watched();
    const path = join(await temporaryFolder(t), "p.pack");
    const pack = rawPack(entries);
    await writeFile(path, pack);
    const index = await createPackWork(workshop).index(path, pack.length, 64 * MIB, owner);
    assert.equal(index.readUInt32BE(8 + 4 * 255), entries.length);
    assert.deepEqual(asked, jobs);
  });
}

test("a pack that claims thousands of objects is refused aside", async (t) => {
  const { workshop, asked } = watched();
  const path = join(await temporaryFolder(t), "p.pack");
  const pack = rawPack([file(5)], 100_000);
  await writeFile(path, pack);
  await assert.rejects(createPackWork(workshop).index(path, pack.length, 64 * MIB, owner), { code: "git_copy_damaged" });
  assert.deepEqual(asked, ["indexPack for shop"]);
});

// S10, S32
test("a history is read where it is asked for only while that is little work", async () => {
  const { workshop, asked } = watched();
  const { readHistory } = createPackWork(workshop);
  const commit = (message: string): RawEntry => ({ type: 1, content: Buffer.from(`tree ${"0".repeat(40)}\n\n${message}`) });
  const question = { from: "", most: 1 };
  await readHistory(inChunks(rawPack([commit("small")]), 50), question, owner);
  assert.deepEqual(asked, []);
  await readHistory(inChunks(rawPack([commit("m".repeat(MIB / 2))]), 50_000), question, owner);
  assert.deepEqual(asked, ["readHistory for shop"]);
  const base = commit("m");
  const deltas = Array.from({ length: 31 }, (): RawEntry => ({ type: 6, base: 1, content: byteByByteDelta(base.content.length, 500_000) }));
  await assert.rejects(readHistory(inChunks(rawPack([base, ...deltas]), 50_000), question, owner), { code: "git_protocol" });
  assert.deepEqual(new Set(asked), new Set(["readHistory for shop"]));
});

// S10
test("of a history no more than 4 MiB is waited for, however the server cuts it into pieces", async () => {
  const { readHistory } = createPackWork(real);
  const commits = Array.from({ length: 12 }, (): RawEntry => {
    const words = randomBytes(MIB / 2 - 100);
    return { type: 1, content: Buffer.concat([Buffer.from(`tree ${"0".repeat(40)}\n\n`), words]), level: 0 };
  });
  const pack = rawPack(commits);
  for (const pieceBytes of [MIB / 2, 1.9 * MIB, 2.9 * MIB])
    await assert.rejects(readHistory(inChunks(pack, Math.floor(pieceBytes)), { from: "", most: 1 }, owner), { code: "git_limit" });
});

/** A file of some 60 KB, and so many more, each a delta on the one before. */
function chainOf(depth: number): { entries: RawEntry[]; id: string } {
  let content = Buffer.alloc(60_000, "a");
  const entries: RawEntry[] = [{ type: 3, content }];
  for (let i = 0; i < depth; i++) {
    entries.push({ type: 6, base: 1, content: rawDelta(content.length, "+", 1) });
    content = Buffer.concat([Buffer.from("+"), content]);
  }
  return { entries, id: blobId(content) };
}

// S10, S32
test("an object at the end of a long chain of deltas is read aside, and one of a chain too dear is refused with the remedy", async (t) => {
  const { workshop, asked } = watched();
  const packWork = createPackWork(workshop);
  const folder = await temporaryFolder(t);
  const read = async (depth: number) => {
    const { entries, id } = chainOf(depth);
    const path = join(folder, `${depth}.pack`);
    const pack = rawPack(entries);
    await writeFile(path, pack);
    const store = createObjectStore(path, createContentCache(0), packWork);
    store.addPack(path, await packWork.index(path, pack.length, 64 * MIB, owner));
    asked.length = 0;
    return (await store.read(id, "blob", owner)).length;
  };
  assert.equal(await read(2), 60_002);
  assert.deepEqual(asked, []);
  assert.equal(await read(500), 60_500);
  assert.deepEqual(asked, ["readObject for shop"]);
  await assert.rejects(read(2_400), { code: "git_limit", message: /git repack -adf/ });
});

test("a large manifests repository is read for the namespace that asks, and a pack that vanishes is a damaged copy", async (t) => {
  const { workshop, asked } = watched();
  const { repository, at, open } = await startManifestsWorld(t);
  const large = "x".repeat(400_000);
  await repository.commit({ "shop/a.yaml": large });
  const git = open(undefined, { workshop, maxRepositoryBytes: 4 * MIB });
  const read = (namespace: string) =>
    git.withManifests({ ...at, namespace }, async (copy) => copy.read(await copy.refresh(performance.now()), "shop/a.yaml"));
  assert.equal(await read("one"), large);
  assert.deepEqual(asked, ["indexPack for one", "readObject for one"]);
  assert.equal(await read("two"), large);
  assert.equal(asked.length, 2, "what is known is nobody's work");
  const missing = createPackWork(workshop).index(join(await temporaryFolder(t), "none.pack"), MIB, MIB, owner);
  await assert.rejects(missing, { code: "git_copy_damaged" });
});

test("packs of nearly the most bytes are indexed one after the other: what one left behind is not the next one's", async (t) => {
  const path = join(await temporaryFolder(t), "p.pack");
  const pack = rawPack([1, 2, 3].map(() => ({ type: 3, content: randomBytes(20 * MIB), level: 0 })));
  await writeFile(path, pack);
  const { index } = createPackWork(real);
  for (let i = 0; i < 2; i++) assert.equal((await index(path, pack.length, 64 * MIB, owner)).readUInt32BE(8 + 4 * 255), 3);
});
