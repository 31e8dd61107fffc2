import assert from "node:assert/strict";
import { test } from "node:test";
import { serverWords } from "../../src/text/server-words.ts";

test("what a server says becomes one printable line of at most 500 characters", () => {
  assert.equal(serverWords(" \r\nremote:\tno\x00 \x1b]0;title\x07way\u2028 \u202eout\u200b\u0085 "), "no ]0;title way out");
  assert.equal(serverWords(Buffer.from("caf\xe9 \ud83d\ude00", "utf8")), "caf\u00e9 \u{1f600}");
  assert.equal(serverWords(Buffer.from([0x61, 0xff, 0x62])), "a\ufffdb");
  assert.equal([...serverWords("\u{1f600}".repeat(1_000))].length, 500);
  assert.equal(serverWords("\x00".repeat(10_000_000)), "");
});

test("the prefix that git puts before a server's lines, and the frame that a server draws around its own, are left out", () => {
  const rule = `remote: ${"=".repeat(72)}`;
  const said = `remote: \n${rule}\nremote: \nremote: ERROR: This deploy key does not have write access to this project.\nremote: \n${rule}\n`;
  assert.equal(serverWords(said), "ERROR: This deploy key does not have write access to this project.");
  assert.equal(serverWords("a == b ----- c\r\n-----\r\nremote: remote: d"), "a == b ----- c d");
  assert.equal(serverWords(`${"remote:".repeat(1_000)}`), "");
});
