import assert from "node:assert/strict";
import { test } from "node:test";
import { createTagPicker, createWantFinder } from "../../../../src/adapters/git/wire/tag-listing.ts";
import { parseReleasePattern } from "../../../../src/core/release-pattern.ts";
import { growthOf, MOST_GROWTH } from "../../../growth.ts";

const id = (digit: string) => digit.repeat(40);
const parsed = parseReleasePattern("*");
assert.ok(parsed.kind === "ok");
const { pattern } = parsed;

function pick(lines: readonly string[]): string[] {
  const picker = createTagPicker(pattern);
  for (const line of lines) picker.look(line);
  return picker.releases.map(({ name, sha }) => `${name} ${sha[0]}`);
}

test("equal versions come in one order, and a tag that is listed twice counts as it came first", () => {
  const lines = [`${id("1")} refs/tags/v1.0.0`, `${id("2")} refs/tags/1.0.0`, `${id("3")} refs/tags/1.0.0+b`];
  assert.deepEqual(pick(lines), ["1.0.0+b 3", "1.0.0 2", "v1.0.0 1"]);
  assert.deepEqual(pick(lines.toReversed()), pick(lines));
  assert.deepEqual(pick([...lines, `${id("4")} refs/tags/v1.0.0`]), pick(lines));
});

test("a peeled line counts for the tag in front of it alone", () => {
  const tag = `${id("1")} refs/tags/1.0.0`;
  assert.deepEqual(pick([tag, `${id("2")} refs/tags/1.0.0^{}`]), ["1.0.0 2"]);
  for (const strange of [`${id("2")} refs/tags/1.1.0^{}`, `${id("2")} refs/heads/1.0.0^{}`, "refs/tags/1.0.0^{}"]) {
    assert.deepEqual(pick([tag, strange]), ["1.0.0 1"], strange);
  }
  assert.deepEqual(pick([tag, `${id("3")} refs/tags/latest`, `${id("2")} refs/tags/1.0.0^{}`]), ["1.0.0 1"]);
});

test("what gets a commit is itself where it is listed, else the tag that names it", () => {
  const want = (...lines: string[]) => {
    const finder = createWantFinder(id("c"));
    for (const line of lines) finder.look(line);
    return finder.want[0];
  };
  const tagged = [`${id("a")} refs/tags/1.0.0`, `${id("c")} refs/tags/1.0.0^{}`];
  assert.equal(want(...tagged), "a");
  assert.equal(want(...tagged, `${id("b")} refs/tags/2.0.0`, `${id("c")} refs/tags/2.0.0^{}`), "a");
  assert.equal(want(`${id("c")} refs/heads/main`, ...tagged), "c");
  assert.equal(want(...tagged, `${id("c")} refs/tags/light`), "c");
  assert.equal(want(), "c");
});

// S32
test("a flood of ever higher versions takes linear time", async () => {
  const growth = await growthOf(2_500, (size) => pick(Array.from({ length: size }, (_, i) => `${id("1")} refs/tags/v1.${i}.0`)));
  assert.ok(growth < MOST_GROWTH, `${growth} times`);
});
