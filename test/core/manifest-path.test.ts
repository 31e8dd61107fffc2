import assert from "node:assert/strict";
import { test } from "node:test";
import { parseManifestPath } from "../../src/core/manifest-path.ts";

const good: [text: string, path: string][] = [
  ["deploy.yaml", "deploy.yaml"],
  ["./a//b/", "a/b"],
  ["apps/my app/déploy.yaml", "apps/my app/déploy.yaml"],
  ["/apps/deploy.yaml", "apps/deploy.yaml"],
  ["/./a/b", "a/b"],
  [".gitignore", ".gitignore"],
  ["a/.gitops/x.yaml", "a/.gitops/x.yaml"],
  ["a..b/c...yaml", "a..b/c...yaml"],
];
const bad = [
  "",
  ".",
  "./",
  "/",
  "//a.yaml",
  "///etc/passwd",
  "/../a.yaml",
  "/a/../../b.yaml",
  "/.git/config",
  "..",
  "../x",
  "a/../b",
  "a/..",
  "a\\b",
  "..\\x",
  "a\0b",
  "a\nb",
  "a\u202eb",
  ".git",
  ".git/config",
  "a/.GIT/x",
  ".git./x",
  ".git /x",
  ".git::$INDEX_ALLOCATION/x",
  "git~1/x",
  "GIT~2",
  ".g\u200cit/config",
  ".github/workflows/x.yaml",
  ".GitHub/x",
  "a".repeat(1025),
  "é".repeat(513),
];

for (const [text, path] of good) test(`${text} is the path ${path}`, () => assert.deepEqual(parseManifestPath(text), { kind: "ok", path }));

for (const text of bad) {
  // S7
  test(`${JSON.stringify(text.slice(0, 40))} is refused with the remedy`, () => {
    const result = parseManifestPath(text);
    assert.equal(result.kind, "error");
    assert.match(result.problem, /; /);
  });
}
