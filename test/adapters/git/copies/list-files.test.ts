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
  const list = (depth: number, name: string) =>
    createListFiles()(nested(depth, name), ROOT, "**/k.yaml", { most: 50, endings: [".yaml"] }, "shop");
  assert.equal((await list(90, "d")).length, 1);
  await assert.rejects(list(5_000, "d".repeat(250)), {
    code: "manifest_invalid",
    message: /'\*\*\/k\.yaml' leads through folders more than 100 deep/,
  });
});

test("files of other endings are not listed, and take nobody's place", async () => {
  const read = async () => tree([...Array.from({ length: 60 }, (_, i) => ["100644", `${i}.tpl`, i] as const), ["100644", "k.yaml", 1]]);
  assert.deepEqual(await createListFiles()(read, ROOT, "*", { most: 50, endings: [".yaml"] }, "shop"), ["k.yaml"]);
});

// S32
test("a folder of many files is listed in time that grows with them alone", async () => {
  const folders = new Map(
    [10_000, 80_000].map((files) => [files, tree(Array.from({ length: files }, (_, i) => ["100644", `${i}.tpl`, i] as const))]),
  );
  const growth = await growthOf(10_000, async (files) => {
    await createListFiles()(async () => folders.get(files) ?? assert.fail(), ROOT, "*", { most: 50, endings: [".yaml"] }, "shop");
  });
  assert.ok(growth < MOST_GROWTH, `${growth} times`);
});
