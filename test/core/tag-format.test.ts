import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTagFormat, renderTag, shaIn, shaParts } from "../../src/core/tag-format.ts";

const sha = "0123456789abcdef0123456789abcdef01234567";

function tagOf(text: string, { branch = "main", release }: { branch?: string; release?: string } = {}): string {
  const parsed = parseTagFormat(text);
  assert.ok(parsed.kind === "ok", JSON.stringify(parsed));
  return renderTag(parsed.format, { sha, branch, ...(release !== undefined && { release }) });
}

test("a tag is made of the commit's SHA or its beginning, the branch, the git tag, and text between them", () => {
  for (const [format, tag] of [
    ["{{sha}}", sha],
    ["{{sha7}}", "0123456"],
    ["{{sha40}}", sha],
    ["{{ sha12 }}", "0123456789ab"],
    ["sha-{{sha}}", `sha-${sha}`],
    ["{{branch}}-{{sha7}}", "feature-new-cart-0123456"],
    ["{{sha4}}.{{\tsha7\t}}_x", "0123.0123456_x"],
    ["{{tag}}", "v1.2.3"],
    ["{{version}}-alpine", "1.2.3-alpine"],
    ["v{{version}}-{{sha4}}", "v1.2.3-0123"],
  ] as const) {
    assert.equal(tagOf(format, { branch: "feature/new/cart", release: "v1.2.3" }), tag);
  }
  assert.equal(tagOf("{{version}}", { release: "2024.1" }), "2024.1");
});

test("a format that can't tell commits apart or makes no legal image tag is refused, with what was probably meant", () => {
  for (const [format, problem] of [
    ["", /neither 7 characters of the commit's SHA nor a git tag.*; add \{\{sha\}\}$/],
    ["latest", /neither 7 characters/],
    ["{{sha4}}-{{sha6}}", /neither 7 characters/],
    ["{{branch}}", /neither 7 characters/],
    ["{{shaa}}", /unknown name.*; did you mean \{\{sha\}\}\?$/],
    ["{{SHA7}}", /did you mean \{\{sha7\}\}\?$/],
    ["{{sha41}}", /did you mean \{\{sha40\}\}\?$/],
    ["{{sha3}}", /did you mean \{\{sha\}\}\?$/],
    ["{{sha6x}}", /did you mean \{\{sha40\}\}\?$/],
    ["{{sha 7}}", /did you mean \{\{sha7\}\}\?$/],
    ["{{brunch}}-{{sha}}", /did you mean \{\{branch\}\}\?$/],
    ["{{{sha}}}", /did you mean \{\{sha\}\}\?$/],
    ["{{}}", /unknown name.*; write \{\{sha\}\}, /],
    ["{{git_commit_of_today}}", /unknown name.*; write \{\{sha\}\}, /],
    ["{{constructor}}", /unknown name.*; write \{\{sha\}\}, /],
    ["{{sha7", /has '\{\{' without '\}\}'; write /],
    ["{{sha}} {{", /has '\{\{' without '\}\}'; write /],
    ["$sha-{{sha}}", /no legal image tags; /],
    ["{{sha}}}", /no legal image tags; /],
    ["-{{sha}}", /no legal image tags; /],
    [".{{tag}}", /no legal image tags; /],
    ["a/{{sha}}", /no legal image tags; /],
    ["{{sha}} x", /no legal image tags; /],
    ["é{{sha}}", /no legal image tags; /],
    ["{{sha}}{{sha}}{{sha}}{{sha}}", /no legal image tags; .*128/],
    [`${"x".repeat(100)}{{sha}}`, /no legal image tags; .*128/],
  ] as const) {
    const parsed = parseTagFormat(format);
    assert.match(parsed.kind === "error" ? parsed.problem : "", problem, format);
  }
});

test("what a branch or a git tag makes no legal image tag of is a failure that names the tag, and can't lie about it", () => {
  for (const [format, facts, named] of [
    ["{{branch}}-{{sha7}}", { branch: "büro" }, "'büro-0123456'"],
    ["{{branch}}-{{sha}}", { branch: "x".repeat(88) }, `'${"x".repeat(88)}-${sha}'`],
    ["{{tag}}", { release: "v1.0.0+build" }, "'v1.0.0+build'"],
    ["{{tag}}", { release: "-v1" }, "'-v1'"],
    ["{{tag}}", { release: "v\u202e1" }, "'v\\u{202e}1'"],
    ["{{version}}", { release: "v" }, "''"],
    ["{{tag}}", { release: "v".repeat(200) }, `'${"v".repeat(139)}…'`],
  ] as const) {
    assert.throws(
      () => tagOf(format, facts),
      (error: Error & { code: string }) =>
        error.code === "annotation_invalid" && error.message.startsWith(`gitops.operator.tag_format makes ${named}, which is no legal`),
      named,
    );
  }
});

test("what may be a commit's SHA in a tag is found whatever stands around it", () => {
  for (const [tag, parts] of [
    [sha, [sha]],
    ["0123456", ["0123456"]],
    ["sha-0123456", ["0123456"]],
    ["main-01234567-1700000000", ["01234567", "1700000000"]],
    ["v1.2.3-4-g0123456", ["0123456"]],
    ["latest", []],
    ["012345", []],
    ["a".repeat(41), []],
    ["", []],
  ] as const) {
    assert.deepEqual(shaParts(tag), parts, tag);
  }
});

test("a tag's commit is told from it where only one part of it can be the SHA that the format writes", () => {
  for (const [format, tag, found] of [
    ["{{sha}}", sha, sha],
    ["main-{{sha7}}", "main-0123456", "0123456"],
    ["{{branch}}-{{sha7}}", "r-20240101-0123456", "0123456"],
    ["{{branch}}-{{sha7}}", "r-1234567-0123456", undefined],
    ["{{sha7}}", "v1.2.3", undefined],
    ["{{tag}}", "v1.20240101.0", undefined],
  ] as const) {
    const parsed = parseTagFormat(format);
    assert.ok(parsed.kind === "ok");
    assert.equal(shaIn(tag, parsed.format), found, tag);
  }
});
