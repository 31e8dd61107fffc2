import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../../../src/core/places/decide.ts";

test("up to date is only when every image has exactly the tag", () => {
  assert.deepEqual(decide([{ tag: "b" }, { tag: "b" }], "b"), { kind: "up_to_date" });
  assert.deepEqual(decide([{ tag: "b" }, { tag: "a" }, { tag: "c" }], "b"), { kind: "update", from: "a" });
  assert.deepEqual(decide([{ tag: "bb" }], "b"), { kind: "update", from: "bb" });
  assert.deepEqual(decide([{}, { tag: "a" }], "b"), { kind: "update", from: "a" });
});

test("where no image had a tag there is no `from`", () => {
  assert.deepEqual(decide([{}, { tag: "b" }], "b"), { kind: "update" });
});
