import { inWords } from "../types.ts";
import { escapeChat } from "./chat-text.ts";
import { createNewsroom, type Newsroom } from "./news.ts";

/** The news of the Deployments in the chat's words (contract §8), escaped. */
export function createNotices(): Newsroom<string> {
  return createNewsroom((news, workload, event) => {
    const text = event.kind === "building" ? event.text : event.message;
    return escapeChat(news === "recovered" ? `:white_check_mark: ${inWords(workload)} recovered: ${text}` : text);
  });
}
