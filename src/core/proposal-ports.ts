/** What the core asks of a forge about pull and merge requests. */
import type { ForgeKind } from "./forges.ts";
import type { ForgeLogin, ForgeTrouble } from "./ports.ts";
import type { ProposalSettings, Repository } from "./types.ts";

/** PROPOSAL_PREFIX, where it is not set. */
export const usualProposalPrefix = "gitops-operator/";

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

/** `warning`: what of its labels and auto-merge could not be had, and what to do about it. */
export interface FoundProposal {
  readonly kind: "found";
  readonly proposal: Proposal;
  readonly warning?: string;
}

/** None of these rejects. */
export interface Proposals {
  /** The open one of that head and base, else the newest. */
  find(place: ProposalPlace, login: ForgeLogin): Promise<FoundProposal | { readonly kind: "none" } | ForgeTrouble>;
  /** One that was open already is found as it is. */
  open(place: ProposalPlace, words: ProposalWords, login: ForgeLogin): Promise<FoundProposal | ForgeTrouble>;
  /** Title, description, labels and auto-merge of one that is open. Labels of others stay. */
  edit(
    place: ProposalPlace,
    proposal: Proposal,
    words: ProposalWords,
    login: ForgeLogin,
  ): Promise<{ readonly kind: "edited"; readonly warning?: string } | ForgeTrouble>;
  /** Of one that is open: some forges forget it when the branch is written anew. Undefined: it is set; else why not. */
  setAutoMerge(place: ProposalPlace, login: ForgeLogin): Promise<string | undefined>;
}

/** What else than words the requests of a kind of forge can have; those of the others are opened without. */
export const proposalExtras: Readonly<Record<ForgeKind, readonly ("labels" | "autoMerge")[]>> = {
  github: ["labels", "autoMerge"],
  gitlab: ["labels", "autoMerge"],
  gitea: ["labels", "autoMerge"],
  forgejo: ["labels", "autoMerge"],
  bitbucket: [],
  "bitbucket-server": [],
  azure: ["labels", "autoMerge"],
};

/** Whether a push alone opens the request, without a branch (AGit). Who names a token is served by the forge's API, whatever the token may be good for: else there could be two requests. */
export function isByAgit({ token, forge }: Pick<ProposalSettings, "token" | "forge">): boolean {
  return token === undefined && (forge === "gitea" || forge === "forgejo");
}
