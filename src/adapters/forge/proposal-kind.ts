/** How one kind of forge has pull or merge requests. `proposals.ts` does with it what all of them need. */
import type { z } from "zod";
import type { Proposal, ProposalPlace, ProposalWords } from "../../core/proposal-ports.ts";
import type { HttpReply } from "../egress/http-request.ts";
import type { ForgeAnswer, ForgeMessage, ForgeQuestion, Query, Unknown } from "./forge-questions.ts";

/** As the forge tells it. */
export interface ListedProposal<Item = unknown> extends Omit<Proposal, "url" | "description" | "headSha"> {
  readonly description: string | null | undefined;
  readonly headSha: string | null | undefined;
  /** Of its page. */
  readonly url?: string | null | undefined;
  readonly item: Item;
}

/** A question for a list of them, newest first. */
interface ProposalList {
  readonly path: string;
  readonly query: Query;
  /** Where the list is in the answer; default: it is the answer. */
  readonly within?: string;
  /** What the question for the next page has in its query beside this one's. */
  readonly next: (reply: HttpReply, page: number, count: number) => Query | undefined;
}

type Part<Whole, Needed extends keyof Whole, Free extends keyof Whole> = Pick<Whole, Needed> & Partial<Pick<Whole, Free>>;
type Free = "query" | "what" | "right" | "appRight";
type Right = Pick<ForgeMessage, "right" | "appRight">;

/** Speaks to one forge with one token about one repository. */
export interface Talk {
  readonly repository: string;
  ask<Item>(question: Part<ForgeQuestion<Item>, "path" | "read", Free>): Promise<ForgeAnswer<Item>>;
  send(message: Part<ForgeMessage, "method" | "path" | "body", Free>): Promise<HttpReply | Unknown>;
}

export interface ProposalKind<Item> {
  /** What it calls them: `the pull requests`. */
  readonly what: string;
  readonly rights: { readonly read: Right; readonly write: Right };
  readonly item: z.ZodType<Item>;
  /** Its own words; undefined: it is of other branches, or of another repository's. */
  readonly read: (item: Item, place: ProposalPlace) => ListedProposal<Item> | undefined;
  readonly list: (talk: Talk, place: ProposalPlace, state: "open" | "all") => Promise<ProposalList | Unknown>;
  /** Where one of that head and base is told without a list, or HTTP 404. */
  readonly one?: (talk: Talk, place: ProposalPlace) => string | undefined;
  /** Where the whole of one is, if its list tells less. */
  readonly whole?: (talk: Talk, number: number) => Pick<ProposalList, "path" | "query">;
  /** Of its page, below the forge's root. */
  readonly page: (talk: Talk, number: number) => string;
  readonly create: (talk: Talk, place: ProposalPlace, words: ProposalWords) => Promise<HttpReply | Unknown>;
  readonly edit: (talk: Talk, number: number, words: ProposalWords) => Promise<HttpReply | Unknown>;
  /** Undefined: it has them now. */
  readonly addLabels?: (talk: Talk, number: number, labels: readonly string[]) => Promise<Unknown | undefined>;
  /** The same; `not yet`: it has to be asked again in a moment. */
  readonly autoMerge?: (
    talk: Talk,
    listed: ListedProposal<Item>,
    place: ProposalPlace,
    isLast: boolean,
  ) => Promise<Unknown | "not yet" | undefined>;
  /** More characters of a description are left out. */
  readonly mostDescription?: number;
}
