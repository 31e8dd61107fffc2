/** What the core asks of a forge about pull and merge requests. */
import type { ForgeTrouble } from "./ports.ts";
import type { Repository } from "./types.ts";

/** A branch that is proposed for another of the same repository, both by their names. */
export interface ProposalPlace {
  readonly repository: Repository;
  readonly base: string;
  readonly head: string;
}

/** What a request is to say. */
export interface ProposalWords {
  /** One line. */
  readonly title: string;
  /** Its last paragraph is of trailers, by which it is known what it proposes. */
  readonly description: string;
  readonly labels: readonly string[];
  /** The forge is to merge it as soon as its rules allow. */
  readonly autoMerge: boolean;
}

/** Of a forge: a pull or merge request. */
export interface Proposal {
  /** `declined`: closed without being merged. */
  readonly state: "open" | "merged" | "declined";
  readonly number: number;
  /** Of its page, which people are told: made of what we know, or on the forge's own host. */
  readonly url: string;
  readonly description: string;
  /** Where the proposed branch stood when it was looked at, or when the request ended, where the forge tells it. */
  readonly headSha: string | undefined;
}

/** None of these rejects. */
export interface Proposals {
  /** The newest of that head and base, whatever its state. */
  find(
    place: ProposalPlace,
    token: string,
  ): Promise<{ readonly kind: "found"; readonly proposal: Proposal } | { readonly kind: "none" } | ForgeTrouble>;
  /** One that was there already is found. */
  open(
    place: ProposalPlace,
    words: ProposalWords,
    token: string,
  ): Promise<{ readonly kind: "found"; readonly proposal: Proposal } | ForgeTrouble>;
  /** Title, description, labels and auto-merge of one that is open. */
  edit(place: ProposalPlace, proposal: Proposal, words: ProposalWords, token: string): Promise<{ readonly kind: "edited" } | ForgeTrouble>;
}
