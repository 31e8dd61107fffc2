import assert from "node:assert/strict";
import { test } from "node:test";
import type { SemVer } from "semver";
import type { ReleasePattern } from "../../src/core/app-history.ts";
import { parseReleasePattern } from "../../src/core/release-pattern.ts";
import { growthOf, MOST_GROWTH } from "../growth.ts";

function patternOf(glob: string): ReleasePattern<SemVer> {
  const parsed = parseReleasePattern(glob);
  if (parsed.kind === "error") throw new Error(parsed.problem);
  return parsed.pattern;
}

/** Those of the names that count, the highest first. */
function releases(glob: string, names: readonly string[]): string[] {
  const pattern = patternOf(glob);
  const found = names.flatMap((name) => {
    const version = pattern.versionOf(name);
    return version ? [{ name, version }] : [];
  });
  return found.sort((a, b) => pattern.compare(b.version, a.version)).map(({ name }) => name);
}

const NAMES = [
  "v1.2.0",
  "v1.10.0",
  "v1.9.3",
  "v2.0.0-rc.1",
  "v2.0.0-rc.10",
  "v2.0.0-rc.2",
  "1.11.0",
  "latest",
  "v3",
  "v1.2",
  "vv4.0.0",
  "v01.2.3",
];

test("releases are in the order of semantic versions, with or without a v; pre-releases count where the glob has a dash", () => {
  assert.deepEqual(releases("v*", NAMES), ["v1.10.0", "v1.9.3", "v1.2.0"]);
  assert.deepEqual(releases("*", NAMES), ["1.11.0", "v1.10.0", "v1.9.3", "v1.2.0"]);
  assert.deepEqual(releases("v*-rc.*", NAMES), ["v2.0.0-rc.10", "v2.0.0-rc.2", "v2.0.0-rc.1"]);
  assert.deepEqual(releases("v1.?.*", NAMES), ["v1.9.3", "v1.2.0"]);
  assert.deepEqual(releases("1.11.0", NAMES), ["1.11.0"]);
  assert.deepEqual(releases("v*", ["v1.0.0-", "v99999999999999999999.0.0", `v1.0.${"0".repeat(200)}`, "V1.0.0", "=v1.0.0", ""]), []);
});

test("the glob's literal beginning is what all its names begin with", () => {
  for (const [glob, prefix] of [
    ["v*", "v"],
    ["v1.?.0", "v1."],
    ["*", ""],
    ["v1.2.3", "v1.2.3"],
  ] as const) {
    assert.equal(patternOf(glob).prefix, prefix);
  }
});

test("a glob that no version can match is told as such", () => {
  for (const glob of ["", "v[0-9]*", "shop/v*", "v* w*", "v*\n", "{a,b}", "é*", "x".repeat(129)]) {
    assert.equal(parseReleasePattern(glob).kind, "error", glob);
  }
});

// S32
test("a name costs no more than its length for each character of the glob, however many stars there are", async () => {
  const growth = await growthOf(16, async (size) => {
    const pattern = patternOf(`${"*a".repeat(size / 2 - 1)}*b`);
    const name = "a".repeat(size);
    for (let i = 0; i < 20_000; i++) pattern.versionOf(name);
  });
  // Both lengths grow alike.
  assert.ok(growth < MOST_GROWTH ** 2, `${growth} times`);
});
