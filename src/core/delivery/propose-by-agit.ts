/**
 * Proposals at Gitea and Forgejo without a token: one push opens a pull request, or updates the one that this same user has opened with that topic
 * (AGit). Git does not tell whether a request is open: one that stands at the wanted tag is left alone, so a person's no stays.
 */
import { ReconcileError } from "../../errors.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import { commitMessage } from "../commits/commit-message.ts";
import { repositoryPage } from "../commits/proposal-page.ts";
import { readTrailers } from "../commits/trailers.ts";
import { forgeNames, forgeOf } from "../forges.ts";
import type { ManifestsCopy, StandingRequest, Written } from "../git-ports.ts";
import type { Outcome } from "../outcome.ts";
import { idOf } from "../types.ts";
import { changeOf, isWantedOf, type Moved, type ProposalWish, placeIn, type Update, wordsOf } from "./proposal-wish.ts";
import type { ProposerOptions } from "./propose.ts";
import { agitOptions } from "./push-requests.ts";
import { ownProposalOf } from "./whose-proposal.ts";
import { racedFailure, refusedFailure } from "./write-failures.ts";

/** What was pushed or found last, as this process knows it. */
interface Remembered {
  readonly place: string;
  readonly number: number;
  readonly sha: string;
  readonly written: Written;
}

const MOST_BYTES = 2 * 2 ** 20;

export function createAgitProposer(
  { identity, forges, commitWords }: Pick<ProposerOptions, "identity" | "forges" | "commitWords">,
  abandoned: (wish: ProposalWish) => Outcome | undefined,
) {
  const memory = createBoundedMap<Remembered>(MOST_BYTES, dataBytes);

  return async function proposeOn(copy: ManifestsCopy, base: string, wish: ProposalWish, edit: Update): Promise<Outcome | Moved> {
    const { at, target, tag, appCommit, settings, signing } = wish;
    const last = remembered(wish);
    const isWanted = isWantedOf(wish);
    const own = findOwn(await copy.requests(base, edit.files, last), wish, last);
    if (own?.isProved && isWanted(own.written)) return stands(wish, edit, own);
    if (!own && last && isWanted(last.written)) {
      throw foreign(`${pageOf(wish, last.number) ?? `request ${last.number}`} holds commits of others; merge it, or close it`);
    }
    const instead = abandoned(wish);
    if (instead) return instead;

    const facts = { target, paths: edit.files.map(({ path }) => path), tag, appCommit, ...changeOf(wish, edit) };
    const message = commitMessage(facts, commitWords);
    const options = agitOptions(wordsOf(message, settings), own !== undefined);
    const result = await copy.request(settings.branch, { parent: base, files: edit.files, message, signing, options });
    if (result.kind === "raced") return { kind: "moved", failure: result.cause ?? racedFailure(at, result.reason) };
    if (result.kind === "refused") {
      // An open request of this topic has what would be lost.
      if (!own && result.reason.includes("force-push")) {
        throw foreign(`the open request of topic '${settings.branch}' for '${at.branch}' holds commits of others; merge it, or close it`);
      }
      throw refusedFailure({ ...at, branch: settings.branch }, result.reason);
    }
    const [written] = readTrailers(result.commit, message);
    if (!written) throw new ReconcileError("internal", "the message of a proposal has no trailers");
    return stands(wish, edit, { number: result.number, sha: result.commit, written });
  };

  /**
   * Anybody who may read the repository may open a request, and can call himself what he likes in a commit. So only two count as what is wanted: the
   * commit that this process has pushed, and the very change that it would push. What only looks like the operator's own is updated by a push that
   * reaches nothing but this user's request.
   */
  function findOwn(requests: readonly StandingRequest[], { target, signing }: ProposalWish, last: Remembered | undefined) {
    const committers = [identity, ...(signing?.committer ? [signing.committer] : [])];
    const owner = { workload: target, identity, committers, cluster: commitWords?.cluster };
    const found = requests.flatMap(({ number, sha, own }) => {
      if (number === last?.number && sha === last.sha) return { ...last, isProved: true };
      const written = own && ownProposalOf(sha, own, owner);
      return written ? { number, sha, written, isProved: own.hasFiles } : [];
    });
    return found.find(({ isProved }) => isProved) ?? found[0];
  }

  function remembered(wish: ProposalWish): Remembered | undefined {
    const last = memory.get(idOf(wish.target));
    return last?.place === placeIn(wish) ? last : undefined;
  }

  function stands(wish: ProposalWish, edit: Update, { number, sha, written }: Omit<Remembered, "place">): Outcome {
    const { target, tag, settings } = wish;
    memory.set(idOf(target), { place: placeIn(wish), number, sha, written }, target.namespace);
    const url = pageOf(wish, number);
    return {
      ...{ kind: "proposed", to: tag, branch: settings.branch, ...changeOf(wish, edit) },
      ...(url === undefined ? { opener: forgeNames[settings.forge ?? "gitea"] } : { request: { number, url } }),
    };
  }

  function pageOf({ at }: ProposalWish, number: number): string | undefined {
    const forge = forgeOf(forges, at.repository);
    const page = forge && repositoryPage(forge, at.repository);
    return page && `${page}/pulls/${number}`;
  }
}

function foreign(message: string): ReconcileError {
  return new ReconcileError("proposal_foreign", message);
}
