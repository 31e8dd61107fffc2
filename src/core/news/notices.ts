import { escapeChat } from "./chat-text.ts";
import { createNewsroom, type Newsroom } from "./news.ts";

/** The news of the Deployments in the chat's words (contract §8), escaped. */
export function createNotices(): Newsroom<string> {
  return createNewsroom((news, { name: deployment }, event) => {
    const text = event.kind === "building" ? event.text : event.message;
    return escapeChat(news === "recovered" ? `:white_check_mark: Deployment ${deployment} recovered: ${text}` : text);
  });
}
