import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import * as isomorphic from "isomorphic-git";
import { createBareRepository } from "../../../../sandbox/bare-repository.ts";
import { git } from "../../../../sandbox/git-process.ts";
import { indexPack } from "../../../../src/adapters/git/packs/pack-index.ts";
import { formatIndex } from "../../../../src/adapters/git/packs/pack-index-format.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { blobId, type RawEntry, rawDelta, rawPack, sealed } from "./pack-bytes.ts";

const MIB = 2 ** 20;
const at = { repository: "git@example.com:team/manifests.git", maxBytes: MIB };

/** What git itself says of the pack. */
async function gitsIndex(folder: string, pack: Buffer): Promise<Buffer> {
  await git(folder, ["init", "--quiet", "--bare", "x.git"]);
  await writeFile(join(folder, "p.pack"), pack);
  await rm(join(folder, "p.idx"), { force: true });
  await git(join(folder, "x.git"), ["index-pack", "-o", join(folder, "p.idx"), join(folder, "p.pack")]);
  return readFile(join(folder, "p.idx"));
}

test("the index of git's own packs is git's own, byte for byte, with deltas on offsets and on ids", async (t) => {
  const folder = await temporaryFolder(t);
  const text = (version: number) => Array.from({ length: 400 }, (_, i) => `line ${i}: ${i % 50 === version ? version : "same"}`).join("\n");
  const repository = await createBareRepository(join(folder, "r.git"), {
    files: { "a/b.yaml": text(0), empty: "", "big.txt": text(1).repeat(9) },
  });
  for (let i = 1; i < 30; i++) await repository.commit({ "a/b.yaml": text(i), [`a/${i}`]: `${i}` });
  await git(repository.directory, ["-c", "tag.gpgSign=false", "tag", "-a", "-m", "a tag", "v1", "main"]);
  for (const option of ["--delta-base-offset", "--no-reuse-delta"]) {
    const pack = await git(repository.directory, ["pack-objects", "--stdout", "--revs", "--all", option]);
    assert.deepEqual(indexPack(pack, at), await gitsIndex(folder, pack));
  }
});

test("deltas before their base, one on the other, are resolved", async (t) => {
  const base = Buffer.from("the base");
  const middle = Buffer.concat([Buffer.from("+"), base, base]);
  const pack = rawPack([
    { type: 7, base: blobId(middle), content: rawDelta(middle.length, "++", 1) },
    { type: 6, base: 1, content: rawDelta(middle.length + 2, "", 3) },
    { type: 7, base: blobId(base), content: rawDelta(base.length, "+", 2) },
    { type: 3, content: base },
  ]);
  assert.deepEqual(indexPack(pack, at), await gitsIndex(await temporaryFolder(t), pack));
});

test("of an object that is there twice the first counts: deltas by id that are bases of one another are no circle for who reads", async (t) => {
  const [x, y] = [Buffer.from("small"), Buffer.from("+small")];
  const plain: RawEntry = { type: 3, content: x };
  const longer: RawEntry = { type: 7, base: blobId(x), content: rawDelta(x.length, "+", 1) };
  const xAgain: RawEntry = { type: 7, base: blobId(y), content: Buffer.from([y.length, x.length, 0x91, 1, x.length]) };
  for (const entries of [
    [plain, longer, xAgain],
    [xAgain, longer, plain],
  ]) {
    const gitdir = await temporaryFolder(t);
    await mkdir(join(gitdir, "objects/pack"), { recursive: true });
    const pack = rawPack(entries);
    await writeFile(join(gitdir, "objects/pack/p.pack"), pack);
    const index = indexPack(pack, at);
    assert.equal(index.readUInt32BE(8 + 4 * 255), 2);
    await writeFile(join(gitdir, "objects/pack/p.idx"), index);
    assert.deepEqual(Buffer.from((await isomorphic.readBlob({ fs, gitdir, oid: blobId(x) })).blob), x);
    assert.deepEqual(Buffer.from((await isomorphic.readBlob({ fs, gitdir, oid: blobId(y) })).blob), y);
  }
});

const zeros = (bytes: number): Buffer => Buffer.alloc(bytes);
const small: RawEntry = { type: 3, content: Buffer.from("small") };
/** 25 times 200 KB out of a base of 50 KB. */
const growing = Array.from({ length: 26 }, (_, i): RawEntry => {
  const base = zeros(50_000);
  return i === 0 ? { type: 3, content: base } : { type: 6, base: i, content: rawDelta(base.length, `${i}`, 4) };
});

for (const [what, entries, words] of [
  [
    "an object that declares more than half of the cap",
    [{ type: 3, content: zeros(MIB / 2 + 1) }],
    /a file of 0\.6 MiB, more than 0\.5 MiB/,
  ],
  ["an object that declares 5 GiB", [{ ...small, declaredSize: 5 * 2 ** 30 }], /a file of 5120 MiB/],
  ["a delta whose result would be larger", [small, { type: 6, base: 1, content: rawDelta(5, "", 1, MIB) }], /a file of 1 MiB/],
  ["many objects that together are too much", Array.from({ length: 9 }, () => ({ type: 3, content: zeros(MIB / 2) })), /more than 4 MiB/],
  ["deltas whose results together are too much", growing, /more than 4 MiB/],
] as const) {
  // S10
  test(`a pack bomb is refused with the repository, the cap and the knob: ${what}`, () => {
    assert.throws(
      () => indexPack(rawPack(entries), at),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "git_limit");
        assert.match(error.message, words);
        assert.match(error.message, /^git@example\.com:team\/manifests\.git holds .*; raise MAX_REPO_MB, now 1 /);
        return true;
      },
    );
  });
}

// S10
test("a pack that only claims to have millions of objects is refused before it is read", () => {
  assert.throws(() => indexPack(rawPack([small], 4_000_000_000), at), { code: "git_limit", message: /4000000000 files and folders/ });
});

test("bases that are no longer in memory are built again only so often", () => {
  // Two bases push each other out of the cache at every delta.
  const one: RawEntry = { type: 3, content: zeros(300_000) };
  const two: RawEntry = { type: 3, content: Buffer.alloc(300_000, 1) };
  const head = [...[0xe0, 0xa7, 0x12], 0x01];
  const delta = Buffer.from([...head, 1, 0x61]);
  const turns = Array.from({ length: 40 }, (_, i): RawEntry => ({ type: 6, base: i % 2 === 0 ? i + 2 : i + 1, content: delta }));
  assert.throws(() => indexPack(rawPack([one, two, ...turns]), at), { code: "git_limit" });
});

// S10
test("megabytes of empty deflate blocks stand for no byte: inflating them could take seconds, again and again", () => {
  const [few, many] = [1_000, 10_000].map((emptyBytes) => rawPack([{ ...small, emptyBytes }]));
  assert.equal(indexPack(few as Buffer, at).readUInt32BE(8 + 4 * 255), 1);
  assert.throws(() => indexPack(many as Buffer, at), { code: "git_copy_damaged", message: /ends early/ });
});

for (const [what, pack, words] of [
  ["more than it declares", rawPack([{ ...small, declaredSize: 4 }]), /larger than 4 bytes/],
  ["less than it declares", rawPack([{ ...small, declaredSize: 6 }]), /declares 6/],
  ["a delta on nothing", rawPack([{ type: 7, base: "00".repeat(20), content: rawDelta(5, "", 1) }]), /base is missing/],
  ["a delta on itself", rawPack([{ type: 6, base: 0, content: rawDelta(5, "", 1) }]), /base is missing/],
  [
    "a delta on what lies before the pack",
    rawPack([small, { type: 6, base: 9, content: rawDelta(5, "", 1) }]),
    /base is missing|before the pack/,
  ],
  ["a delta for another base", rawPack([small, { type: 6, base: 1, content: rawDelta(6, "", 1) }]), /another size/],
  ["a delta that makes less", rawPack([small, { type: 6, base: 1, content: rawDelta(5, "", 1, 100) }]), /less than it declares/],
  ["a delta that makes more", rawPack([small, { type: 6, base: 1, content: rawDelta(5, "", 3, 10) }]), /beyond/],
  ["an unknown type", rawPack([{ ...small, type: 5 }]), /unknown type 5/],
  ["fewer objects than it says", rawPack([small], 2), /early|zlib|header/],
  ["more objects than it says", rawPack([small, small], 1), /checksum/],
  ["a wrong checksum", Buffer.concat([rawPack([small]).subarray(0, -1), Buffer.from([0])]), /checksum/],
  ["no pack", sealed(Buffer.from("PUCK\0\0\0\x02\0\0\0\0")), /version 2/],
  ["version 3", sealed(Buffer.from("PACK\0\0\0\x03\0\0\0\0")), /version 2/],
  ["nothing", Buffer.alloc(0), /version 2/],
] as const) {
  test(`a damaged pack is refused: ${what}`, () => {
    assert.throws(() => indexPack(pack, at), { code: "git_copy_damaged", message: words });
  });
}

test("a pack cut anywhere, or with any byte changed, is refused", async (t) => {
  const repository = await createBareRepository(join(await temporaryFolder(t), "r.git"), { files: { "a/b": "1\n2\n3\n" } });
  const pack = await git(repository.directory, ["pack-objects", "--stdout", "--revs", "--all"]);
  for (let size = 0; size < pack.length; size++) {
    assert.throws(() => indexPack(pack.subarray(0, size), at), { code: "git_copy_damaged" });
    const changed = Buffer.from(pack);
    changed[size] = (changed[size] ?? 0) ^ 0x41;
    assert.throws(() => indexPack(changed, at), { code: /git_copy_damaged|git_limit/ });
  }
});

test("ids that begin alike, and one object thousands of times, are put in order", () => {
  const ids = Array.from({ length: 100_000 }, (_, i) => {
    const id = createHash("sha1").update(`${i}`).digest();
    return i % 2 === 0 ? Buffer.concat([Buffer.from([7, 7]), id.subarray(2)]) : Buffer.alloc(20, i % 4);
  });
  const starts = Uint32Array.from(ids, (_, i) => 12 + 10 * i);
  const index = formatIndex({ ids: Buffer.concat(ids), starts, crcs: starts }, Buffer.alloc(20));
  const places = new Map(ids.map((id, i) => [id.toString("hex"), 12 + 10 * i] as const).reverse());
  const inOrder = [...places].sort(([a], [b]) => (a < b ? -1 : 1));
  assert.equal(index.toString("hex", 1032, 1032 + 20 * inOrder.length), inOrder.map(([id]) => id).join(""));
  const lastTable = index.subarray(1032 + 24 * inOrder.length, 1032 + 28 * inOrder.length);
  assert.deepEqual(
    inOrder.map((_, i) => lastTable.readUInt32BE(4 * i)),
    inOrder.map(([, place]) => place),
  );
  const upTo = (first: number) => inOrder.filter(([id]) => Number.parseInt(id.slice(0, 2), 16) <= first).length;
  for (const first of [0, 1, 2, 3, 6, 7, 8, 255]) assert.equal(index.readUInt32BE(8 + 4 * first), upTo(first), `${first}`);
});
