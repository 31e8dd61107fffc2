import { cut } from "../../text/cut.ts";
import { escapeControl } from "../../text/escape.ts";

/** Slack shows 4,000 characters well; escaping may lengthen some. */
const MOST_CHARACTERS = 3_000;

/** Where a chat would see a mention, a channel or a hashtag; `git@host` and `app@sha256:…` are none. */
const mention = /(?<![\p{L}\p{N}])[@#~](?=[\p{L}\p{N}_])/gu;

/** `_` inside a word is a letter to Slack and Mattermost, and names of annotations and variables hold many; at a word's end it is a sign. */
const signs = /[*~`]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;
/** Signs that look alike and mean nothing: Slack knows no escape, and Mattermost shows what is between two signs whatever else is put there. */
const lookAlikes = new Map([
  ["*", "\u2217"],
  ["~", "\u223c"],
  ["`", "'"],
  ["_", "\uff3f"],
]);

/**
 * Text as a chat message of one line that calls nobody, links nothing and looks like text, in Slack's and in Mattermost's markup:
 * `<!channel>` and `<https://…|words>` show as written; `@here`, `[words](…)` and `https://…` get a space where it keeps them from being
 * read as such; signs for bold, italic, struck and code become ones that look alike. Applied once, to the whole message.
 */
export function escapeChat(text: string): string {
  return plainChat(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** The same for chats that take no entities, as cards of Teams. */
export function plainChat(text: string): string {
  return escapeControl(cut(text, MOST_CHARACTERS))
    .replace(mention, "$& ")
    .replace(/\](?=[([:])/g, "] ")
    .replace(/:(?=\/\/)/g, ": ")
    .replace(/(?<![\p{L}\p{N}])(www|mailto|tel)(?=[.:])/giu, "$1 ")
    .replace(signs, (sign) => lookAlikes.get(sign) ?? sign);
}
