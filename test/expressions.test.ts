import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import jsTokens from "js-tokens";
import { analyse } from "scslre";

/** What takes more than linear time: two repeats that can match the same, or one that is tried again from each place of what it matched. */
function slowParts(literal: string): string[] {
  const end = literal.lastIndexOf("/");
  const { reports } = analyse({ source: literal.slice(1, end), flags: literal.slice(end + 1) });
  return reports.map((report) => `${report.type} ${report.type === "Trade" ? report.startQuant.raw : report.quant.raw}`);
}

const files = globSync("src/**/*.ts");

// S32
test("no regular expression of the program takes more than linear time, on whatever text", () => {
  const slow = files.flatMap((file) =>
    [...jsTokens(readFileSync(file, "utf8"))]
      .filter(({ type }) => type === "RegularExpressionLiteral")
      .map(({ value }) => ({ file, value, parts: slowParts(value) }))
      .filter(({ parts }) => parts.length > 0),
  );
  assert.deepEqual(slow, []);
});

test("expressions are made of expressions only, so that each is written out somewhere and looked at", () => {
  const made = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/new RegExp\(\s*(.{0,20})/gs)].map(([, source = ""]) => `${file}: ${source.trim()}`),
  );
  assert.deepEqual(
    made.filter((place) => !/: \w+\.source\b|secret-shapes\.ts: \[/.test(place)),
    [],
  );
});

test("the known slow kinds are seen, and their linear likes are not", () => {
  for (const slow of [/\/+$/, /\0+$/, /^(.*?) ?<([^>]*)>/, /a+b/, /^\s*a?\s*$/, /^(?:a*)*$/])
    assert.notDeepEqual(slowParts(String(slow)), []);
  for (const linear of [/^\/+/, /^a+b+$/, /^[^<]*<[^>]*>/, /(?<!a)b/]) assert.deepEqual(slowParts(String(linear)), []);
});
