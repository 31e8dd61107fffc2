import assert from "node:assert/strict";
import { test } from "node:test";
import { buildFailed, buildGoesOn, imageMissing } from "../../../src/core/images/image-texts.ts";
import { createNotices } from "../../../src/core/news/chat-message.ts";
import { escapeChat } from "../../../src/core/news/chat-text.ts";
import { editManifest } from "../../../src/core/places/edit-manifest.ts";
import { ReconcileError } from "../../../src/errors.ts";
import { createRandom } from "../../random.ts";
import { requireOurs } from "../places/require-ours.ts";

test("a message shows as written and calls nobody", () => {
  const rows: [string, string][] = [
    ["<!channel> & <@U123> <https://evil.example|click>", "&lt;!channel&gt; &amp; &lt;@ U123&gt; &lt;https: //evil.example|click&gt;"],
    ["&lt;!here&gt;", "&amp;lt;!here&amp;gt;"],
    ["@here (@all) _@channel_ .@everyone @team/shop", "@ here (@ all) \uff3f@ channel\uff3f .@ everyone @ team/shop"],
    ["git@github.com:team/shop app@sha256:00 a@b.example @ 5", "git@github.com:team/shop app@sha256:00 a@b.example @ 5"],
    ["one\ntwo\r\t\u001b[31m\u202e\u0000", "one\\ntwo\\r\\t\\u{1b}[31m\\u{202e}\\u{0}"],
    [
      "[the log](https://evil.example/x) ![](http://evil.example/i.png)",
      "[the log] (https: //evil.example/x) ![] (http: //evil.example/i.png)",
    ],
    ["[a][b] [b]: https://evil.example", "[a] [b] [b] : https: //evil.example"],
    ["see www.evil.example, mailto:a@b.example, TEL:112", "see www .evil.example, mailto :a@b.example, TEL :112"],
    ["*bold* **bold** _italic_ __bold__ ~~struck~~ ~struck~", "∗bold∗ ∗∗bold∗∗ ＿italic＿ ＿＿bold＿＿ ∼∼ struck∼∼ ∼ struck∼"],
    ["`code` ```block```", "'code' '''block'''"],
    ["~town-square #general #1", "∼ town-square # general # 1"],
    ["check gitops.operator.image_name in EGRESS_ALLOW_CIDRS", "check gitops.operator.image_name in EGRESS_ALLOW_CIDRS"],
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

// S18
test("whatever the text, no message has markup, a mention, a link or more than one line", () => {
  const random = createRandom(11);
  const alphabet = [
    ...["<", ">", "&", "!", "@", "here", "channel", "|", "\n", "\u2028", "\ud800", "_", "a", " ", "&lt;", "\u200b", "＠"],
    ...["[", "]", "(", ")", "*", "~", "`", "#", ":", "//", "https:", "www", ".", "\\", "mailto:"],
  ];
  for (let i = 0; i < 20_000; i++) {
    const escaped = escapeChat(random.text(alphabet, 12));
    assert.doesNotMatch(escaped, /[<>\p{Cc}\p{Cf}\p{Zl}\p{Cs}]|&(?!(?:amp|lt|gt);)|(?<![\p{L}\p{N}])[@#~](?=[\p{L}\p{N}_])/u);
    assert.doesNotMatch(escaped, /[*~`]|\][([:]|:\/\/|(?<![\p{L}\p{N}])(?:_|(?:www|mailto|tel)[.:])|_(?![\p{L}\p{N}])/iu);
  }
});

const hostile = "[x](https://evil.example) ![](http://evil.example/i) <!channel> @here *b* _i_ ~s~ `c` <https://evil.example|x>";
const inert =
  "[x] (https: //evil.example) ![] (http: //evil.example/i) &lt;!channel&gt; @ here ∗b∗ ＿i＿ ∼ s∼ 'c' &lt;https: //evil.example|x&gt;";

// S18
test("what tenants, their repositories and their servers write is inert in every message, and the program's own sign in front stays", () => {
  const manifest = (image: string) =>
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec: {template: {spec: {containers: [{name: c, image: ${JSON.stringify(image)}}]}}}\n`;
  const edited = (text: string, path: string) => {
    try {
      requireOurs(editManifest({ text, path, image: { repository: "team/shop" }, tag: "v1" }));
    } catch (error) {
      return (error as Error).message;
    }
    return assert.fail("the manifest is no failure");
  };
  const messages: Record<string, string> = {
    "a Deployment's name": `Deployment ${hostile} patched successfully to version v1`,
    "the path": edited(manifest("nginx"), hostile),
    "an image in the manifest": edited(manifest(hostile), "shop.yaml"),
    "a manifest that is not YAML": edited(`a: "${hostile}`, hostile),
    "a branch": `git host h has no branch '${hostile}'`,
    "words of a git server": `h:team/shop refused the push to 'main': ${hostile}; allow the operator's key to push there`,
    "the image": buildFailed(hostile, "0123"),
    "a tag": imageMissing("team/shop", hostile),
    "a wait": buildGoesOn({ state: "running", image: hostile, sha: hostile, retryMs: 10_000, attempt: 1, attempts: 5 }),
    "a realm": `the registry could not be asked about team/shop:v1: h wants a token from ${hostile}, another host's`,
  };
  for (const [field, message] of Object.entries(messages)) {
    const notice = createNotices().decide(
      { kind: "Deployment", namespace: "default", name: "shop" },
      { kind: "ended", outcome: { kind: "failed", error: new ReconcileError("manifest_invalid", message) }, message },
    );
    const shown = notice && escapeChat(notice.sentence);
    assert.ok(shown?.includes(inert), `${field}: ${shown}`);
    const [sign = ""] = /^:[a-z]+: /.exec(message) ?? [];
    assert.ok(shown?.startsWith(sign), field);
    assert.doesNotMatch(shown ?? "", /[<>*~`]|\]\(|:\/\//, field);
  }
});
