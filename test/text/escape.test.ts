import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeControl } from "../../src/text/escape.ts";

const cases: [text: string, escaped: string][] = [
  ["plain, ünïcode 🚀", "plain, ünïcode 🚀"],
  ["a\nb\r\tc", "a\\nb\\r\\tc"],
  ["\x1b[31mred\0", "\\u{1b}[31mred\\u{0}"],
  ["\u202eevil\u200b\u2028\u0085", "\\u{202e}evil\\u{200b}\\u{2028}\\u{85}"],
  ["\ud800", "\\u{d800}"],
];
for (const [text, escaped] of cases) {
  // S18
  test(`${JSON.stringify(text)} is shown as ${escaped}`, () => assert.equal(escapeControl(text), escaped));
}
