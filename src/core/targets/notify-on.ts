import { closest } from "../../text/did-you-mean.ts";
import { type NotifyOn, notifyOn } from "../types.ts";
import type { Complain } from "./target.ts";

/** What the chat is to be told; a word that is none of them is told, so that nobody waits for it in vain. */
export function readNotifyOn(text: string | undefined, complain: Complain): readonly NotifyOn[] | undefined {
  if (text === undefined) return undefined;
  const words = text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  const odd = words.find((word) => !isNotifyOn(word));
  if (odd !== undefined) {
    const meant = closest(odd.toLowerCase(), notifyOn);
    const remedy = meant === undefined ? `write some of ${notifyOn.join(", ")}` : `did you mean '${meant}'?`;
    complain("notify_on", `names something that nobody tells; ${remedy}`);
  }
  return notifyOn.filter((word) => words.includes(word));
}

function isNotifyOn(word: string): word is NotifyOn {
  return notifyOn.some((known) => known === word);
}
