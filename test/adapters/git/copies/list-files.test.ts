import assert from "node:assert/strict";
import { test } from "node:test";
import { createListFiles } from "../../../../src/adapters/git/copies/list-files.ts";
import { growthOf, MOST_GROWTH } from "../../../growth.ts";

const tree = (entries: readonly (readonly [mode: string, name: string, id: number])[]) =>
  Buffer.concat(
    entries.flatMap(([mode, name, id]) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id.toString(16).padStart(40, "0"), "hex")]),
  );

/** Folders within one another, with a manifest in the last. */
function nested(depth: number, name: string) {
  return async (id: string) => {
    const level = Number.parseInt(id, 16);
    return level < depth ? tree([["40000", name, level + 1]]) : tree([["100644", "k.yaml", 1]]);
  };
}
const ROOT = "0".repeat(40);

// S10, S32
test("folders within one another without end are refused with words", async () => {
  const list = (depth: number, name: string) => createListFiles()(nested(depth, name), ROOT, "**/k.yaml", "shop");
  assert.equal((await list(90, "d")).length, 1);
  await assert.rejects(list(5_000, "d".repeat(250)), {
    code: "manifest_invalid",
    message: /'\*\*\/k\.yaml' leads through folders more than 100 deep/,
  });
});

test("files of other endings are not listed, and take nobody's place", async () => {
  const read = async () => tree([...Array.from({ length: 60 }, (_, i) => ["100644", `${i}.tpl`, i] as const), ["100644", "k.yaml", 1]]);
  assert.deepEqual(await createListFiles()(read, ROOT, "*", "shop"), ["k.yaml"]);
});

// S32
test("a folder of many files is listed in time that grows with them alone", async () => {
  const folders = new Map(
    [10_000, 80_000].map((files) => [files, tree(Array.from({ length: files }, (_, i) => ["100644", `${i}.tpl`, i] as const))]),
  );
  const growth = await growthOf(10_000, async (files) => {
    await createListFiles()(async () => folders.get(files) ?? assert.fail(), ROOT, "*", "shop");
  });
  assert.ok(growth < MOST_GROWTH, `${growth} times`);
});

const entry = (mode: string, name: string, id: number) => tree([[mode, name, id]]);

// S10, S32
test("what one pattern looks at is bounded, however often its parts lead through the same folders", async () => {
  const others = tree(Array.from({ length: 500 }, (_, i) => ["100644", `${i}.tpl`, 1] as const));
  const levels = Array.from({ length: 90 }, (_, level) => Buffer.concat([entry("40000", "a", level + 1), others]));
  const read = async (id: string) => levels[Number.parseInt(id, 16)] ?? entry("100644", "k.yaml", 1);
  const list = (times: number) => createListFiles()(read, ROOT, `${"**/a*/".repeat(times)}k.yaml`, "shop");
  assert.equal((await list(1)).length, 1);
  await assert.rejects(list(20), {
    code: "manifest_invalid",
    message: /k\.yaml' leads through more than 200,000 entries of folders; name a folder in front of \*\*$/,
  });
});

// S32
test("many ** in a row cost what one does", async () => {
  const readsFor = async (times: number) => {
    let reads = 0;
    const read = async (id: string) => {
      reads += 1;
      return nested(50, "d")(id);
    };
    assert.equal((await createListFiles()(read, ROOT, `${"**/".repeat(times)}k.yaml`, "shop")).length, 1);
    return reads;
  };
  assert.equal(await readsFor(300), await readsFor(1));
});
