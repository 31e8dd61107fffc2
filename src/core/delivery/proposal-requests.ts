/** The pull or merge request of a proposal: what became of it, and that one is open that says what is proposed. */
import { ReconcileError } from "../../errors.ts";
import { readTrailers } from "../commits/trailers.ts";
import { type ForgeKind, forgeNames } from "../forges.ts";
import type { Written } from "../git-ports.ts";
import type { ProposalRequest } from "../outcome.ts";
import type { ForgeLogin, ForgeTrouble } from "../ports.ts";
import type { Proposal, ProposalPlace, Proposals, ProposalWords } from "../proposal-ports.ts";
import { repositoryName } from "../repository.ts";

/** A forge, and with what it is asked. */
export interface Asking {
  readonly place: ProposalPlace;
  readonly login: ForgeLogin;
  readonly forge: ForgeKind;
  /** It was named for something else: where it can't do this it is as if there were none. */
  readonly isDefault: boolean;
  /** Aborted: nothing more is asked. What has been begun ends by itself, so that nothing is left half done. */
  readonly signal: AbortSignal;
}

/** What is known of the request of a branch. */
export type RequestState =
  /** `why`: a login is there that can't do it. */
  | { readonly kind: "unasked"; readonly why?: string | undefined }
  | { readonly kind: "none" }
  /** It was open a moment ago, and is about what stands on the branch. */
  | { readonly kind: "remembered"; readonly request: ProposalRequest }
  /** `written`: what its description says to propose; empty where somebody took that out. */
  | { readonly kind: "found"; readonly proposal: Proposal; readonly written: readonly Written[] };

export function createProposalRequests(proposals: Proposals) {
  /** `remembered`: what counts where the forge does not answer. */
  async function find(asking: Asking, remembered: ProposalRequest | undefined): Promise<RequestState> {
    asking.signal.throwIfAborted();
    const answer = await proposals.find(asking.place, asking.login);
    if (answer.kind === "none") return answer;
    if (answer.kind === "found") return withWritten(answer.proposal);
    if (answer.kind === "refused" && asking.isDefault) return { kind: "unasked", why: answer.reason };
    if (answer.kind !== "refused" && remembered) return { kind: "remembered", request: remembered };
    throw failure(answer, asking, "looked for", "nothing was pushed");
  }

  /** `isNew`: the branch has just been put where it is. */
  async function ensureOpen(
    asking: Asking,
    state: Exclude<RequestState, { kind: "unasked" }>,
    words: ProposalWords,
    { isWanted, isNew }: { readonly isWanted: (written: Written) => boolean; readonly isNew: boolean },
  ): Promise<{ readonly request: ProposalRequest; readonly warning?: string | undefined }> {
    if (state.kind === "remembered") return { request: state.request };
    asking.signal.throwIfAborted();
    let warning: string | undefined;
    let found = state.kind === "found" && state.proposal.state === "open" ? state : undefined;
    if (!found) {
      const opened = await proposals.open(asking.place, words, asking.login);
      if (opened.kind !== "found") throw failure(opened, asking, "opened", "the branch is there");
      found = withWritten(opened.proposal);
      warning = opened.warning;
    }
    const { proposal, written } = found;
    // What a person has reworded stays, as long as it is about the same.
    const isOther = written.length > 0 ? !written.some(isWanted) : isNew;
    if (isOther) {
      asking.signal.throwIfAborted();
      const edited = await proposals.edit(asking.place, proposal, words, asking.login);
      if (edited.kind !== "edited") throw failure(edited, asking, "edited", "the branch is there");
      warning = edited.warning;
    } else if (isNew && words.autoMerge && found === state) {
      warning = await proposals.setAutoMerge(asking.place, asking.login);
    }
    return { request: { number: proposal.number, url: proposal.url }, warning };
  }

  return { find, ensureOpen };
}

function failure({ kind, reason }: ForgeTrouble, { place, forge }: Asking, done: string, pushed: string): ReconcileError {
  const what = `${forgeNames[forge]} does not let the request of branch '${place.head}' be ${done}: ${reason}; ${pushed}`;
  if (kind !== "refused") return new ReconcileError("forge_unavailable", `${what}, the next pass tries again`);
  return new ReconcileError(
    "forge_refused",
    `${what}. Let its token read and write pull requests of ${repositoryName(place.repository)}, or name another by gitops.operator.manifest_token_secret_name`,
  );
}

function withWritten(proposal: Proposal): Extract<RequestState, { kind: "found" }> {
  return { kind: "found", proposal, written: readTrailers("", `${proposal.description}\n`) };
}
