import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeChat } from "../../src/core/chat-text.ts";
import { createRandom } from "./random.ts";

test("a message shows as written and calls nobody", () => {
  const rows: [string, string][] = [
    ["<!channel> & <@U123> <https://evil.example|click>", "&lt;!channel&gt; &amp; &lt;@ U123&gt; &lt;https://evil.example|click&gt;"],
    ["&lt;!here&gt;", "&amp;lt;!here&amp;gt;"],
    ["@here (@all) _@channel_ .@everyone @team/shop", "@ here (@ all) _@ channel_ .@ everyone @ team/shop"],
    ["git@github.com:team/shop app@sha256:00 a@b.example @ 5", "git@github.com:team/shop app@sha256:00 a@b.example @ 5"],
    ["one\ntwo\r\t\u001b[31m\u202e\u0000", "one\\ntwo\\r\\t\\u{1b}[31m\\u{202e}\\u{0}"],
    [":x: Build failed for ghcr.io/team/shop (SHA: 0123)", ":x: Build failed for ghcr.io/team/shop (SHA: 0123)"],
    ["", ""],
  ];
  for (const [text, expected] of rows) assert.equal(escapeChat(text), expected);
});

test("a message is cut at 3,000 characters, never within one", () => {
  assert.equal([...escapeChat("😀".repeat(5_000))].length, 3_000);
  assert.ok(escapeChat("😀".repeat(5_000)).endsWith("😀…"));
  assert.equal(escapeChat("a".repeat(3_000)), "a".repeat(3_000));
});

test("whatever the text, no message has markup, a mention, or more than one line", () => {
  const random = createRandom(11);
  const alphabet = ["<", ">", "&", "!", "@", "here", "channel", "|", "\n", "\u2028", "\ud800", "_", "a", " ", "&lt;", "\u200b", "＠"];
  for (let i = 0; i < 20_000; i++) {
    const escaped = escapeChat(random.text(alphabet, 12));
    assert.doesNotMatch(escaped, /[<>\p{Cc}\p{Cf}\p{Zl}\p{Cs}]|&(?!(?:amp|lt|gt);)|(?<![\p{L}\p{N}])@(?=[\p{L}\p{N}_])/u);
  }
});
