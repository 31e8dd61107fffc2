import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { commitFiles, readFile } from "../../../../src/adapters/git/copies/manifest-files.ts";
import { createContentCache } from "../../../../src/adapters/git/packs/content-cache.ts";
import { createObjectStore } from "../../../../src/adapters/git/packs/object-store.ts";
import { leastCpuMs } from "../../../growth.ts";
import { owner } from "../manifests-world.ts";

const FILES = 100_000;
const nameOf = (index: number) => `${String(index).padStart(7, "0")} of many.yaml`;
const commit = Buffer.from(`tree ${"a".repeat(40)}\n`);
const folder = Buffer.concat(
  Array.from({ length: FILES }, (_, index) => [Buffer.from(`100644 ${nameOf(index)}\0`), randomBytes(20)]).flat(),
);
const text = "a: 1\n";

async function read(_id: string, kind: string): Promise<Buffer> {
  return { commit, tree: folder, blob: Buffer.from(text) }[kind] ?? assert.fail(kind);
}

function openStore() {
  return createObjectStore("copy", createContentCache(0), { readObject: () => assert.fail("no pack is there") });
}

// S32
test("a file among 100,000 of one folder is found in about the time that hashing the folder takes", async () => {
  const last = nameOf(FILES - 1);
  assert.equal(await readFile(read, "commit", last), text);
  const hashMs = await leastCpuMs(() => createHash("sha1").update(folder).digest());
  const findMs = await leastCpuMs(() => readFile(read, "commit", last));
  assert.ok(findMs < 5 * hashMs, `${findMs} ms, hashed in ${hashMs} ms`);
  await assert.rejects(readFile(read, "commit", "of many.yaml"), { code: "manifest_missing" });
  await assert.rejects(
    readFile(async (id, kind) => (await read(id, kind)).subarray(0, kind === "tree" ? -1 : undefined), "commit", "x"),
    { code: "git_copy_damaged" },
  );
});

// S32
test("a commit in a folder of 100,000 files packs it in another thread, and what it made is read again", async () => {
  const store = openStore();
  const file = { path: nameOf(1), text: "a: 2\n" };
  const change = { parent: "commit", files: [file], message: "m", identity: { name: "n", email: "e@example.org" } };
  const { ids } = await commitFiles(store, read, change);
  const [blob = "", tree = ""] = ids;
  assert.equal(`${await store.read(blob, "blob", owner)}`, file.text);
  const made = await store.read(tree, "tree", owner);
  assert.deepEqual(
    [made.length, made.indexOf(Buffer.from(blob, "hex"))],
    [folder.length, folder.indexOf(`${file.path}\0`) + file.path.length + 1],
  );
  const packMs = await leastCpuMs(() => deflateSync(folder));
  const ownMs = await leastCpuMs(() => commitFiles(openStore(), read, change));
  assert.ok(ownMs < packMs / 3, `${ownMs} ms of the event loop's thread, packed in ${packMs} ms`);
});
