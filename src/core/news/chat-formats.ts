/** A chat message in the form that its webhook takes: `format` in the Secret beside `webhook-url`. */

import { withoutEmojiCode } from "../../text/without-emoji-code.ts";
import type { ChatPost } from "../ports.ts";
import { placeInWords } from "../types.ts";
import type { ChatMessage, LinkedCommit } from "./chat-message.ts";
import { escapeChat, plainChat } from "./chat-text.ts";
import { requestLink } from "./outcome-text.ts";

/** Each takes what is built of a message, and its words. */
export const chatFormats = {
  /** Slack's incoming webhooks, and what understands them: Mattermost, Rocket.Chat, Google Chat, Discord's `…/slack`. */
  slack: (message: ChatMessage): ChatPost => ({ body: { text: slackText(message) }, headers: {}, isEvent: false }),
  /** A Workflow's webhook in Microsoft Teams, which takes Adaptive Cards. https://adaptivecards.io/explorer/ */
  teams: (message: ChatMessage): ChatPost => ({ body: teamsCard(message), headers: {}, isEvent: false }),
  /** CloudEvents 1.0 over HTTP, in binary mode: what it is about in headers, the event's data as JSON. */
  json: (message: ChatMessage): ChatPost => ({ body: eventData(message), headers: eventHeaders(message), isEvent: true }),
};

/** Undefined: nobody knows that format. Without a word it is Slack's. */
export function chatPost(format: string | undefined, message: ChatMessage): ChatPost | undefined {
  const name = (format ?? "").trim() || "slack";
  return Object.hasOwn(chatFormats, name) ? chatFormats[name as keyof typeof chatFormats](message) : undefined;
}

/** The first line is the contract's sentence; the second says of what, by whom, and where people look. */
function slackText(message: ChatMessage): string {
  const { app, manifests } = message;
  const request = requestLink(message);
  const link = (url: string | undefined, words: string) => (url === undefined ? escapeChat(words) : `<${url}|${escapeChat(words)}>`);
  const commit = ({ sha, url }: LinkedCommit) => link(url, sha.slice(0, 7));
  const details = [
    escapeChat(placeOf(message)),
    app && `commit ${commit(app)}${escapeChat(wordsOf(app))}`,
    manifests && `manifests ${commit(manifests)}`,
    request && link(request.url, request.words),
  ];
  return `${escapeChat(message.sentence)}\n${details.filter((one) => one !== undefined).join(" · ")}`;
}

function teamsCard(message: ChatMessage) {
  const { app, manifests, image, to } = message;
  const request = requestLink(message);
  const fact = (title: string, value: string | undefined) => (value === undefined ? [] : [{ title, value: plainChat(value) }]);
  const action = (title: string, url: string | undefined) => (url === undefined ? [] : [{ type: "Action.OpenUrl", title, url }]);
  const content = {
    ...{ type: "AdaptiveCard", $schema: "http://adaptivecards.io/schemas/adaptive-card.json", version: "1.4" },
    body: [
      { type: "TextBlock", wrap: true, weight: "bolder", text: plainChat(withoutEmojiCode(message.sentence)) },
      {
        type: "FactSet",
        facts: [
          ...fact("Of", placeOf(message)),
          ...fact("Image", to === undefined ? image : `${image}:${to}`),
          ...fact("Commit", app && `${app.sha.slice(0, 7)}${wordsOf(app)}`),
          ...fact("Manifests", manifests?.sha.slice(0, 7)),
        ],
      },
    ],
    actions: [
      ...action("Commit", app?.url),
      ...action("Manifests", manifests?.url),
      ...(request
        ? action(
            request.words.replace(/^./, (first) => first.toUpperCase()),
            request.url,
          )
        : []),
    ],
  };
  return { type: "message", attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", content }] };
}

function eventData({ news, sentence, workload, cluster, image, from, to, app, manifests, request }: ChatMessage) {
  return { event: news, message: withoutEmojiCode(sentence), cluster, ...workload, image, from, to, application: app, manifests, request };
}

/** Values as CloudEvents' HTTP binding has them: what is no printable ASCII is percent-encoded. */
function eventHeaders({ news, workload, cluster }: ChatMessage): Record<string, string> {
  const { kind, namespace, name } = workload;
  return {
    "ce-specversion": "1.0",
    "ce-type": `gitops-operator.${news}`,
    "ce-source": `/gitops-operator${cluster === undefined ? "" : `/${encodeURIComponent(cluster)}`}`,
    "ce-subject": [namespace, kind, name].map(encodeURIComponent).join("/"),
  };
}

function placeOf({ workload, cluster }: ChatMessage): string {
  return `${placeInWords(workload)}${cluster === undefined ? "" : ` in ${cluster}`}`;
}

function wordsOf({ author, subject }: NonNullable<ChatMessage["app"]>): string {
  return author === undefined || subject === undefined ? "" : ` by ${author}: ${subject}`;
}

/** A forge told it: nothing in it may end the link. */
