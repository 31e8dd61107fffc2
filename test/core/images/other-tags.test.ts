import assert from "node:assert/strict";
import { test } from "node:test";
import { otherTags } from "../../../src/core/images/other-tags.ts";
import { candidateOf } from "../commits.ts";

const sha = "0123456789abcdef0123456789abcdef01234567";

test("other tags of a commit are those that CI systems give, without its own and without what a branch makes no legal tag of", () => {
  const tagsOf = (branch: string) => otherTags(candidateOf(sha), branch).map(({ tag }) => tag);
  const always = [...[7, 8, 9, 10, 12].map((length) => sha.slice(0, length)), "sha-0123456", `sha-${sha}`];
  assert.deepEqual(tagsOf("feature/x"), [...always, "feature-x-0123456", `feature-x-${sha}`]);
  assert.deepEqual(tagsOf("büro"), always);
  assert.deepEqual(tagsOf("x".repeat(100)), [...always, `${"x".repeat(100)}-0123456`]);
});
