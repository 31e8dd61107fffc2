import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { createBareRepository } from "../../../../sandbox/bare-repository.ts";
import { git } from "../../../../sandbox/git-process.ts";
import { createContentCache } from "../../../../src/adapters/git/packs/content-cache.ts";
import { createObjectStore } from "../../../../src/adapters/git/packs/object-store.ts";
import { openPackFile } from "../../../../src/adapters/git/packs/pack-file.ts";
import { indexPack } from "../../../../src/adapters/git/packs/pack-index.ts";
import { createPackWork } from "../../../../src/adapters/git/packs/pack-work.ts";
import { createWorkshop } from "../../../../src/workshop/workshop.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { owner } from "../manifests-world.ts";

const workshop = createWorkshop();
after(() => workshop.close());
const packWork = createPackWork(workshop);

/** As git reads them, in one process: gives for each a line, the content and a line break. */
async function contentsOf(directory: string, objects: readonly [id: string, kind: string][]): Promise<Map<string, Buffer>> {
  const said = await git(directory, ["cat-file", "--batch"], { input: objects.map(([id]) => `${id}\n`).join("") });
  const contents = new Map<string, Buffer>();
  for (let at = 0; at < said.length; ) {
    const start = said.indexOf("\n", at) + 1;
    const [id = "", , size = ""] = said.toString("utf8", at, start).split(" ");
    at = start + Number.parseInt(size, 10) + 1;
    contents.set(id, said.subarray(start, at - 1));
  }
  assert.equal(contents.size, objects.length);
  return contents;
}

test("every object of git's own packs is read as git reads it, in chains of deltas and across pages, whatever fits into memory", async (t) => {
  const folder = await temporaryFolder(t);
  const text = (version: number) =>
    Array.from({ length: 9_000 }, (_, i) => `${i * 7919}: ${i % 50 === version ? version : "same"}`).join("\n");
  const repository = await createBareRepository(join(folder, "r.git"), { files: { "a/b.yaml": text(0), empty: "" } });
  for (let i = 1; i < 20; i++) await repository.commit({ "a/b.yaml": text(i), [`a/${i}`]: `${i}` });
  const listed = await git(repository.directory, ["cat-file", "--batch-all-objects", "--batch-check"]);
  const objects = `${listed}`
    .trim()
    .split("\n")
    .map((line) => line.split(" ") as [string, string]);
  assert.ok(objects.length > 80);
  const expected = await contentsOf(repository.directory, objects);
  for (const option of ["--delta-base-offset", "--no-reuse-delta"]) {
    const pack = await git(repository.directory, ["pack-objects", "--stdout", "--revs", "--all", option]);
    const path = join(folder, "x.pack");
    await writeFile(path, pack);
    const index = indexPack(pack, { repository: "r", maxBytes: 2 ** 26 });
    for (const memory of [0, 2 ** 24]) {
      const file = openPackFile(path, index, createContentCache(memory));
      const read = (id: string) => file.read(id, (path, object) => packWork.readObject(path, object, owner));
      for (const [id, kind] of objects) {
        const object = await read(id);
        assert.equal(object?.kind, kind);
        assert.ok(expected.get(id)?.equals(object.content), id);
      }
      assert.equal(await read("0".repeat(40)), undefined);
    }
  }
});

test("an object that has changed on disk is a damaged copy, not another object", async (t) => {
  const folder = await temporaryFolder(t);
  const store = createObjectStore(folder, createContentCache(0), packWork);
  const [id, other] = [await store.add("blob", Buffer.from("a: 1\n")), await store.add("blob", Buffer.from("a: 2\n"))];
  const { bytes } = await store.pack([id]);
  const { index } = await store.pack([id]);
  const wrong = await store.pack([other]);
  assert.notDeepEqual(wrong.bytes, bytes);
  const path = join(folder, "0.pack");
  await writeFile(path, wrong.bytes);
  store.addPack(path, index);
  store.forgetAdded();
  await assert.rejects(store.read(id, "blob", owner), { code: "git_copy_damaged" });
  await writeFile(path, bytes);
  assert.equal(`${await store.read(id, "blob", owner)}`, "a: 1\n");
});

test("a pack that is made here is one to git, with git's own index", async (t) => {
  const folder = await temporaryFolder(t);
  const store = createObjectStore(folder, createContentCache(0), packWork);
  const ids = await Promise.all(["", "short", "x".repeat(100_000)].map((text) => store.add("blob", Buffer.from(text))));
  const { bytes, index } = await store.pack([...ids, ...ids]);
  assert.deepEqual(index, indexPack(bytes, { repository: "r", maxBytes: 2 ** 20 }));
  const { directory } = await createBareRepository(join(folder, "r.git"), { files: { a: "1" } });
  await git(directory, ["index-pack", "--stdin", "--strict"], { input: bytes });
  for (const id of ids) assert.equal(`${await git(directory, ["cat-file", "-t", id])}`.trim(), "blob");
});

test("a pack that is made here has no deltas, however alike its objects are: some servers take none", async (t) => {
  const folder = await temporaryFolder(t);
  const store = createObjectStore(folder, createContentCache(0), packWork);
  const alike = randomBytes(5_000);
  const ids = await Promise.all([alike, Buffer.concat([alike, Buffer.from("x")])].map((content) => store.add("blob", content)));
  const { bytes } = await store.pack(ids);
  await writeFile(join(folder, "own.pack"), bytes);
  await git(folder, ["index-pack", "own.pack"]);
  assert.match(`${await git(folder, ["verify-pack", "--stat-only", "own.pack"])}`, /^non delta: 2 objects\n$/);
});

// S9, S32
test("while a pack of many large objects is made, others have their turns, about one for each MiB of it", async (t) => {
  const store = createObjectStore(await temporaryFolder(t), createContentCache(0), packWork);
  const ids: string[] = [];
  for (let count = 0; count < 16; count++) ids.push(await store.add("blob", randomBytes(2 ** 20)));
  let turns = 0;
  let next: NodeJS.Immediate;
  // A callback: of promises the test runner follows each one.
  const look = () => {
    turns += 1;
    next = setImmediate(look);
  };
  next = setImmediate(look);
  const { bytes, index } = await store.pack(ids);
  clearImmediate(next);
  assert.ok(turns >= 15, `${turns} turns for ${bytes.length} bytes`);
  assert.deepEqual(index, indexPack(bytes, { repository: "r", maxBytes: 2 ** 25 }));
});
