/** What was proposed last, as this process knows it: with a restart it is forgotten, and looked for anew. */
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import type { ProposalRequest } from "../outcome.ts";
import type { Clock } from "../ports.ts";
import { idOf } from "../types.ts";
import { type ProposalWish, placeIn } from "./proposal-wish.ts";

export interface Remembered {
  /** Of both branches. */
  readonly place: string;
  readonly tag: string;
  /** Where the branch stood. */
  readonly sha: string;
  readonly request: ProposalRequest | undefined;
  /** The server was not asked to open one. */
  readonly isUnheard: boolean;
  /** Whose token is asked with. */
  readonly asker: string;
  /** In the clock's milliseconds. */
  readonly askedAt: number;
}

const MOST_BYTES = 2 * 2 ** 20;
/** Forges limit how often a token may ask. So of all proposals that need no change, one in this time is asked about with each token. */
const ASK_EACH_MS = 1_000;

export function createProposalMemory(clock: Pick<Clock, "now">) {
  const memory = createBoundedMap<Remembered>(MOST_BYTES, dataBytes);
  let counted = { at: Number.NEGATIVE_INFINITY, byAsker: new Map<string, number>() };

  /** How many proposals are asked about with that token. Counting goes through all of them, so the count may be that old. */
  function countOf(asker: string): number {
    if (clock.now() - counted.at >= ASK_EACH_MS) {
      counted = { at: clock.now(), byAsker: new Map() };
      for (const one of memory.values()) counted.byAsker.set(one.asker, (counted.byAsker.get(one.asker) ?? 0) + 1);
    }
    return counted.byAsker.get(asker) ?? 0;
  }

  return {
    of(wish: ProposalWish): Remembered | undefined {
      const last = memory.get(idOf(wish.target));
      return last?.place === placeIn(wish) ? last : undefined;
    },
    keep(wish: ProposalWish, sha: string, request: ProposalRequest | undefined, isUnheard = false): void {
      const { target, tag, settings } = wish;
      const asker = JSON.stringify([settings.token?.namespace, settings.token?.name]);
      memory.set(idOf(target), { place: placeIn(wish), asker, tag, sha, request, isUnheard, askedAt: clock.now() }, target.namespace);
    },
    /** It was asked about so lately that others have their turn before it. */
    isFresh: ({ asker, askedAt }: Remembered) => clock.now() - askedAt < ASK_EACH_MS * (countOf(asker) - 1),
  };
}
