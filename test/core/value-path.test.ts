import assert from "node:assert/strict";
import { test } from "node:test";
import { parseValuePath } from "../../src/core/value-path.ts";

test("a path into a file is keys, numbers, [*] and [key=value]; a backslash takes a character's meaning away", () => {
  const key = (name: string) => ({ kind: "key", key: name });
  const known: [path: string, steps: unknown[]][] = [
    ["image.tag", [key("image"), key("tag")]],
    ["jobs[0].image", [key("jobs"), { kind: "index", index: 0 }, key("image")]],
    ["[1][*]", [{ kind: "index", index: 1 }, { kind: "all" }]],
    ["containers[name=web].image", [key("containers"), { kind: "where", key: "name", value: "web" }, key("image")]],
    ["c[image\\=x=a.b\\]=].y", [key("c"), { kind: "where", key: "image=x", value: "a.b]=" }, key("y")]],
    ["a\\.b\\[0\\].c\\\\", [key("a.b[0]"), key("c\\")]],
  ];
  for (const [path, steps] of known) assert.deepEqual(parseValuePath(path), { kind: "ok", steps }, path);
});

test("a path that is none is told what it has, and how one is written", () => {
  const odd: [path: string, problem: RegExp][] = [
    ["", /^is empty; write it like image\.tag/],
    ["a.", /empty|ends/],
    [".a", /an empty key/],
    ["a..b", /an empty key/],
    ["a[0", /'\[' without its '\]'/],
    ["a[0]b", /behind '\]' without a '\.'/],
    ["a[x]", /with neither a number/],
    ["a[]", /with neither a number/],
    ["a[=x]", /with neither a number/],
    ["a[-1]", /with neither a number/],
    ["a\\", /ends in a backslash/],
    ["a[b=\\", /'\[' without its '\]'/],
    ["a.".repeat(200), /more than 100 steps/],
  ];
  for (const [path, problem] of odd) {
    const parsed = parseValuePath(path);
    assert.ok(parsed.kind === "error", path);
    assert.match(parsed.problem, problem, path);
  }
});
