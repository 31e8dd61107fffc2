import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createBareRepository } from "../../../../sandbox/bare-repository.ts";
import { git } from "../../../../sandbox/git-process.ts";
import { readFolders } from "../../../../src/adapters/git/packs/folder-pack.ts";
import { createPackWork } from "../../../../src/adapters/git/packs/pack-work.ts";
import type { FolderQuestion } from "../../../../src/core/app-history.ts";
import { createWorkshop, type Workshop } from "../../../../src/workshop/workshop.ts";
import { growthOf, MOST_GROWTH } from "../../../growth.ts";
import { inChunks } from "../local-git.ts";
import { owner } from "../manifests-world.ts";
import { byteByByteDelta, type RawEntry, rawDelta, rawPack } from "./pack-bytes.ts";

const MIB = 2 ** 20;
const workshop = createWorkshop();
after(() => workshop.close());

/** Reads a pack that comes in pieces, and tells which jobs the workshop was given. */
async function receive(pack: Buffer, folders: readonly FolderQuestion[], leftBytes = 4 * MIB) {
  const asked: string[] = [];
  const run: Workshop["run"] = (job, input, context) => {
    asked.push(`${job} for ${context.namespace}`);
    return workshop.run(job, input, context);
  };
  const work = createPackWork({ run, close: workshop.close });
  return { views: await work.readFolders(inChunks(pack, 50_000), folders, { leftBytes }, owner), asked };
}

const idOf = (tree: Buffer) => createHash("sha1").update(`tree ${tree.length}\0`).update(tree).digest("hex");
const entryOf = (mode: string, name: string, id: Buffer = Buffer.alloc(20, 7)) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), id]);
const treeOf = (...names: string[]) => Buffer.concat(names.map((name) => entryOf("100644", name)));
const packed = (content: Buffer, level?: number): RawEntry => ({ type: 2, content, ...(level !== undefined && { level }) });

for (const [what, options] of [
  ["deltas on a place in the pack", ["--delta-base-offset"]],
  ["deltas on an id", []],
] as const) {
  test(`git's own pack of folders, with ${what}: the entries that were asked for, and one id for all others`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "folder-pack-"));
    t.after(() => rm(folder, { recursive: true }));
    const files = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`file-${i}`, `${i}\n`]));
    const repository = await createBareRepository(join(folder, "r.git"), { files: { ...files, "folder/x": "1\n" } });
    for (let i = 0; i < 6; i++) await repository.commit({ [`file-${i}`]: `new ${i}\n` });
    const run = async (args: string[], input = "") => (await git(repository.directory, args, { input })).toString().trim();
    const trees = (await run(["log", "--format=%T"])).split("\n");
    const pack = await git(repository.directory, ["pack-objects", "--stdout", "-q", ...options], { input: trees.join("\n") });
    const names = ["file-0", "folder", "gone"];
    // The first is not asked for: it is passed over, and what is a delta on it is read all the same.
    const { views } = await receive(pack, [...trees.slice(1).map((tree) => ({ tree, names })), { tree: "0".repeat(40), names }]);
    const entries = await Promise.all(trees.slice(1).map((tree) => run(["ls-tree", tree])));
    for (const [i, listing] of entries.entries()) {
      const entry = (name: string) => {
        const [, mode = "", id] = new RegExp(`^(\\d+) \\w+ ([0-9a-f]{40})\t${name}$`, "m").exec(listing) ?? [];
        return id && { mode: mode.replace(/^0/, ""), id };
      };
      assert.deepEqual(views[i]?.named, [entry("file-0"), entry("folder"), undefined]);
    }
    assert.equal(views.at(-1), undefined);
    // Of the last two commits that were looked at, one changed file-0 alone.
    assert.equal(views[4]?.rest, views[5]?.rest);
    assert.notEqual(views[3]?.rest, views[4]?.rest);
  });
}

test("a question for all of a folder's entries leaves none, and equal others are equal wherever they stand", () => {
  const pack = (...trees: Buffer[]) => rawPack(trees.map((tree) => packed(tree)));
  const view = (tree: Buffer, ...names: string[]) => {
    const views = readFolders(pack(tree), [{ tree: idOf(tree), names }]);
    return views === "incomplete" ? undefined : views[0];
  };
  assert.equal(view(treeOf("a", "b"), "b", "a")?.rest, "");
  assert.equal(view(treeOf("a", "b"), "a", "b")?.named.length, 2);
  assert.equal(view(treeOf("a", "b", "c"), "b")?.rest, view(treeOf("a", "c", "d"), "d")?.rest);
  assert.notEqual(view(treeOf("a", "b"), "b")?.rest, view(treeOf("a", "c"), "a")?.rest);
  assert.deepEqual(view(entryOf("040000", "a"), "a")?.named, [{ mode: "40000", id: "07".repeat(20) }]);
  const empty = Buffer.alloc(0);
  assert.deepEqual(view(empty, "a"), { named: [undefined], rest: "" });
});

test("bytes that are no folder, or no pack, are a damaged pack", async () => {
  for (const tree of [
    Buffer.from("100644"),
    Buffer.from("100644 name"),
    entryOf("100644", "name").subarray(0, -1),
    Buffer.from(" \0"),
    entryOf("1".repeat(60), "name"),
    Buffer.concat([treeOf("a"), Buffer.from([0])]),
  ]) {
    const question = { tree: idOf(tree), names: ["name"] };
    await assert.rejects(
      receive(rawPack([packed(tree)]), [question]),
      { code: "git_protocol", message: /damaged pack/ },
      tree.toString("latin1"),
    );
  }
  const sound = rawPack([packed(treeOf("a"))]);
  for (const bytes of [Buffer.from("hello, I am no pack"), sound.subarray(0, 20), Buffer.alloc(0)]) {
    await assert.rejects(receive(bytes, [{ tree: idOf(treeOf("a")), names: [] }]), { code: "git_protocol" });
  }
});

// S10, S32
test("a folder of 1 MiB of entries is read aside, and what was not asked for changes nothing", async () => {
  const large = treeOf(...Array.from({ length: 32_000 }, (_, i) => `file-${i}`));
  assert.ok(large.length > MIB);
  const small = treeOf("a");
  const question = { tree: idOf(large), names: ["file-31999"] };
  const { views, asked } = await receive(rawPack([packed(small), packed(large), packed(treeOf("b"))]), [question]);
  assert.deepEqual(views[0]?.named, [{ mode: "100644", id: "07".repeat(20) }]);
  assert.deepEqual(asked, ["readFolders for shop"]);
  const other = await receive(rawPack([packed(small), packed(treeOf("b"))]), [question, { tree: idOf(small), names: [] }]);
  assert.deepEqual([other.views[0], other.asked], [undefined, []]);
  assert.ok(other.views[1]);
  // A file in front hides what is behind it.
  const hidden = await receive(rawPack([{ type: 3, content: small }, packed(small)]), [{ tree: idOf(small), names: [] }]);
  assert.equal(hidden.views[0], undefined);
});

// S10, S32
test("folders that are or declare more than is bearable are refused, with what to do", async () => {
  const ask = (pack: Buffer, leftBytes?: number) => receive(pack, [{ tree: "0".repeat(40), names: [] }], leftBytes);
  const remedy = (what: RegExp) => ({
    code: "git_limit",
    message: new RegExp(`gitops\\.operator\\.app_paths are too large: the git server sent ${what.source}; name paths`),
  });
  await assert.rejects(ask(rawPack([packed(Buffer.alloc(4 * MIB + 1))])), remedy(/a folder of more than 4 MiB/));
  const many = Array.from({ length: 20 }, (_, i) => packed(Buffer.alloc(4 * MIB - i)));
  await assert.rejects(ask(rawPack(many)), remedy(/more than 64 MiB of folders/));
  const noise = Array.from({ length: 5 }, () => packed(randomBytes(MIB), 0));
  await assert.rejects(ask(rawPack(noise)), remedy(/more than 4 MiB/));
  await assert.rejects(ask(rawPack(noise.slice(0, 1)), MIB / 2), remedy(/more than 4 MiB/));
  const base = packed(treeOf("a"));
  const grown: RawEntry = { type: 6, base: 1, content: rawDelta(base.content.length, "", 1, 5 * MIB) };
  await assert.rejects(ask(rawPack([base, grown])), remedy(/a folder of more than 4 MiB/));
  const slow = Array.from({ length: 31 }, (): RawEntry => ({ type: 6, base: 1, content: byteByByteDelta(base.content.length, 500_000) }));
  await assert.rejects(ask(rawPack([base, ...slow])), { code: "git_protocol" });
  const liar = rawPack([{ ...packed(Buffer.alloc(2 * MIB)), declaredSize: 10 }]);
  await assert.rejects(ask(liar), { code: "git_protocol" });
});

test("a pack that has no end is left when its share is used up", async () => {
  const chunk = randomBytes(64 * 1024);
  let sent = 0;
  const endless = async function* () {
    for (;;) {
      sent += chunk.length;
      yield chunk;
    }
  };
  const budget = { leftBytes: 4 * MIB };
  await assert.rejects(createPackWork(workshop).readFolders(endless(), [], budget, owner), { code: "git_limit" });
  assert.ok(sent <= 4 * MIB + chunk.length, `${sent} bytes`);
});

// S32
test("reading a folder is linear in its entries, and in the names that are asked for", async () => {
  const question = (size: number, names: number) => {
    const tree = treeOf(...Array.from({ length: size }, (_, i) => `file-${i}`));
    return { pack: rawPack([packed(tree)]), folders: [{ tree: idOf(tree), names: Array.from({ length: names }, (_, i) => `file-${i}`) }] };
  };
  for (const [what, of] of [
    ["entries", (size: number) => question(size, 10)],
    ["names", (size: number) => question(size, size)],
  ] as const) {
    const questions = new Map([1_000, 8_000].map((size) => [size, of(size)]));
    const growth = await growthOf(1_000, (size) => {
      const { pack, folders } = questions.get(size) as ReturnType<typeof question>;
      readFolders(pack, folders);
    });
    assert.ok(growth < MOST_GROWTH, `${what}: ${growth} times`);
  }
});
