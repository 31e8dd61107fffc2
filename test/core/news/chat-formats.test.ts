import assert from "node:assert/strict";
import { test } from "node:test";
import { chatFormats, chatPost } from "../../../src/core/news/chat-formats.ts";
import type { ChatMessage } from "../../../src/core/news/chat-message.ts";

interface Card {
  readonly type: string;
  readonly attachments: readonly {
    readonly contentType: string;
    readonly content: Record<string, unknown> & { body: Record<string, unknown>[] };
  }[];
}

const patched: ChatMessage = {
  ...{ news: "patched", sentence: ":white_check_mark: Deployment shop recovered: version abc", cluster: "prod", image: "team/shop" },
  workload: { kind: "Deployment", namespace: "team-a", name: "shop" },
  ...{ from: "old", to: "abc1234" },
  app: {
    sha: "a".repeat(40),
    url: "https://github.com/team/shop/commit/aaaaaaa",
    author: "Ann <!channel>",
    subject: "[now](https://evil.example)",
  },
  manifests: { sha: "c".repeat(40), url: undefined },
  request: { number: 12, url: "https://github.com/team/manifests/pull/12" },
  page: undefined,
};

test("Slack's form: the contract's sentence, and a line with links that nobody's words can forge", () => {
  assert.deepEqual(chatFormats.slack(patched).body, {
    text: [
      ":white_check_mark: Deployment shop recovered: version abc",
      "team-a/shop in prod · commit <https://github.com/team/shop/commit/aaaaaaa|aaaaaaa> by Ann &lt;!channel&gt;: [now] (https: //evil.example) · manifests ccccccc · <https://github.com/team/manifests/pull/12|request 12>",
    ].join("\n"),
  });
  const alone = { ...patched, app: undefined, manifests: undefined, request: undefined, cluster: undefined };
  assert.match((chatFormats.slack(alone).body as { text: string }).text, /\nteam-a\/shop$/);
  const byHand = { ...alone, page: "https://github.com/team/manifests/compare/main...shop" };
  assert.match((chatFormats.slack(byHand).body as { text: string }).text, / · <https:\/\/github\S+shop\|open a request>$/);
  assert.match(JSON.stringify(chatFormats.teams(byHand).body), /"title":"Open a request","url":"https:\/\/github/);
});

// S18
test("a URL that a forge told ends no link", () => {
  for (const url of ["https://h/1|x>", "https://h/<!channel>", "javascript:alert(1)", `https://h/${"a".repeat(600)}`, "https://h/a b"]) {
    const { text } = chatFormats.slack({ ...patched, request: { number: 1, url } }).body as { text: string };
    assert.ok(text.endsWith(" · request 1"), text);
    const card = JSON.stringify(chatFormats.teams({ ...patched, request: { number: 1, url } }).body);
    assert.ok(!card.includes("Request 1"), card);
  }
});

test("without a format it is Slack's, and one that nobody knows is none", () => {
  for (const format of [undefined, "", " slack\n"]) assert.deepEqual(chatPost(format, patched), chatFormats.slack(patched));
  assert.deepEqual(chatPost("json", patched), chatFormats.json(patched));
  for (const format of ["xml", "toString", "SLACK"]) assert.equal(chatPost(format, patched), undefined);
});

test("Teams' form: an Adaptive Card without codes for pictures, with facts and links", () => {
  const body = chatFormats.teams(patched).body as Card;
  const [attachment] = body.attachments;
  assert.equal(body.type, "message");
  assert.equal(attachment?.contentType, "application/vnd.microsoft.card.adaptive");
  const { content } = attachment as NonNullable<typeof attachment>;
  assert.equal(content.version, "1.4");
  const [text, facts] = content.body;
  assert.equal(text?.text, "Deployment shop recovered: version abc");
  assert.deepEqual(facts?.facts, [
    { title: "Of", value: "team-a/shop in prod" },
    { title: "Image", value: "team/shop:abc1234" },
    { title: "Commit", value: "aaaaaaa by Ann <!channel>: [now] (https: //evil.example)" },
    { title: "Manifests", value: "ccccccc" },
  ]);
  assert.deepEqual(content.actions, [
    { type: "Action.OpenUrl", title: "Commit", url: "https://github.com/team/shop/commit/aaaaaaa" },
    { type: "Action.OpenUrl", title: "Request 12", url: "https://github.com/team/manifests/pull/12" },
  ]);
});

test("the event's form: what it is about in CloudEvents' headers, all that is known as data", () => {
  const { headers, body } = chatFormats.json({ ...patched, cluster: "prüfung 1" });
  assert.deepEqual(headers, {
    "ce-specversion": "1.0",
    "ce-type": "gitops-operator.patched",
    "ce-source": "/gitops-operator/pr%C3%BCfung%201",
    "ce-subject": "team-a/Deployment/shop",
  });
  const { app, workload, news, sentence: _, page: __, ...rest } = patched;
  assert.deepEqual(body, {
    ...{ ...rest, cluster: "prüfung 1", ...workload, event: news, application: app },
    message: "Deployment shop recovered: version abc",
  });
});
