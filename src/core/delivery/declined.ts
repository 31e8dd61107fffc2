import { takenBack } from "../commits/taken-back.ts";
import type { Outcome } from "../outcome.ts";
import type { RequestState } from "./proposal-requests.ts";
import { imageOf, isWantedOf, type ProposalWish, type Update } from "./proposal-wish.ts";

interface DeclinedFacts {
  readonly wish: ProposalWish;
  readonly edit: Update;
  /** What is wanted stands on the branch. */
  readonly isThere: boolean;
  /** It was proposed, and the branch is not there any more. */
  readonly isGone: boolean;
}

/** That people have said no to this very tag; undefined: they have not. */
export function declinedOf(
  state: RequestState,
  { wish, edit, isThere, isGone }: DeclinedFacts,
): Extract<Outcome, { readonly reason: "declined" }> | undefined {
  const { target, tag, settings, appCommit } = wish;
  const from = edit.from === undefined ? {} : { from: edit.from };
  const declined = { kind: "skipped", reason: "declined", ...from, to: tag, branch: settings.branch } as const;
  if (state.kind === "unasked" && isGone) return declined;
  if (state.kind !== "found" || state.proposal.state === "open") return undefined;
  const { proposal, written } = state;
  const request = { number: proposal.number, url: proposal.url };
  if (proposal.state === "declined") {
    const isSame = written.length > 0 ? written.some(isWantedOf(wish)) : isThere;
    return isSame ? { ...declined, request } : undefined;
  }
  const paths = edit.files.filter(({ tags }) => !tags.includes(tag)).map(({ path }) => path);
  const wanted = { workload: target, image: imageOf(wish), appCommit: appCommit.sha, paths };
  if (target.options.rollback !== "hold" || !takenBack(written, wanted)) return undefined;
  return { ...declined, request, wasMerged: true };
}
