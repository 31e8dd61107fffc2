import assert from "node:assert/strict";
import { test } from "node:test";
import { tagFor } from "../../../src/core/commits/tag.ts";

test("the tag of a commit is its SHA, or the first 7 characters", () => {
  const sha = "0123456789abcdef0123456789abcdef01234567";
  assert.equal(tagFor(sha, "long"), sha);
  assert.equal(tagFor(sha, "short"), "0123456");
});
