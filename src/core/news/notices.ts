/** The news of the Deployments in the chat's words (contract §8). */

import type { Name } from "../types.ts";
import { escapeChat } from "./chat-text.ts";
import { createNewsroom, type NewsEvent } from "./news.ts";

export interface Notices {
  /** The message to send, escaped; undefined: nothing new. A Deployment's events in their order, each once. */
  decide(name: Name, event: NewsEvent): string | undefined;
  /** Forgets the Deployments that are not among these. */
  retain(names: Iterable<Name>): void;
}

export function createNotices(): Notices {
  const newsroom = createNewsroom();
  return {
    decide(name, event) {
      const news = newsroom.decide(name, event);
      if (news === undefined) return undefined;
      const text = event.kind === "building" ? event.text : event.message;
      return escapeChat(news === "recovered" ? `:white_check_mark: Deployment ${name.deployment} recovered: ${text}` : text);
    },
    retain: (names) => newsroom.retain(names),
  };
}
