import { cut } from "./cut.ts";
import { escapeControl } from "./escape.ts";

/** Slack shows 4,000 characters well; escaping may lengthen some. */
const MOST_CHARACTERS = 3_000;

/** Where a chat would see a mention; `git@host` and `app@sha256:…` are none. */
const mention = /(?<![\p{L}\p{N}])@(?=[\p{L}\p{N}_])/gu;

/**
 * Text as a chat message of one line that calls nobody and links nothing: `<!channel>` and `<https://…|words>` show as written, and
 * `@here`, which Mattermost and Rocket.Chat understand as it stands, gets a space. Applied once, to the whole message.
 */
export function escapeChat(text: string): string {
  return escapeControl(cut(text, MOST_CHARACTERS))
    .replace(mention, "@ ")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;");
}

/** The text for where `:x:` is no picture. */
export function withoutEmojiCode(text: string): string {
  return text.replace(/^:[a-z_]+: /, "");
}
