/** One commit on a branch of its own, for people to merge: the base's tip and what would be pushed to it else (docs/PROPOSALS.md). */
import type { Identity } from "../app-history.ts";
import { commitMessage } from "../commits/commit-message.ts";
import { proposalPage, repositoryPage } from "../commits/proposal-page.ts";
import { type Forge, forgeNames, forgeOf } from "../forges.ts";
import type { ManifestsCopy, ProposedCommit, StandingProposal } from "../git-ports.ts";
import type { Outcome, ProposalRequest } from "../outcome.ts";
import { editFiles } from "../places/edit-files.ts";
import { isByAgit, type Proposals } from "../proposal-ports.ts";
import { branchAttributes, noTracer } from "../tracer.ts";
import { createAbandoned } from "./abandoned.ts";
import { declinedOf } from "./declined.ts";
import type { DeliveryOptions } from "./delivery.ts";
import { createHold } from "./hold.ts";
import { createProposalMemory, type Remembered } from "./proposal-memory.ts";
import { createProposalRequests, type RequestState } from "./proposal-requests.ts";
import {
  askingOf,
  changeOf,
  isWantedOf,
  type Moved,
  type ProposalWish,
  requireOtherBranch,
  type Update,
  wordsOf,
} from "./proposal-wish.ts";
import { createAgitProposer } from "./propose-by-agit.ts";
import { pushOptions, requestIn } from "./push-requests.ts";
import { readOwnProposal } from "./whose-proposal.ts";
import { commitStep, failed, patchStep, racedFailure, refusedFailure, requireDigest, TRIES } from "./write-failures.ts";

export interface ProposerOptions extends DeliveryOptions {
  /** The operator as author. */
  readonly identity: Identity;
  readonly forges: readonly Forge[];
  readonly proposals: Proposals;
}

/** `closing`: nothing is pushed any more. */
export function createProposer(options: ProposerOptions, closing: AbortSignal) {
  const { git, places, clock, forges, identity, tracer = noTracer, commitWords } = options;
  const abandoned = createAbandoned(options, closing);
  const lookForHeld = createHold(options.log);
  const requests = createProposalRequests(options.proposals);
  const proposeByAgit = createAgitProposer(options, abandoned);
  const memory = createProposalMemory(clock);

  /** Never rejects. */
  async function propose(wish: ProposalWish): Promise<Outcome> {
    const { at, target, tag, settings } = wish;
    const doing = { step: commitStep(target, tag) };
    try {
      requireOtherBranch(wish);
      return await tracer.span("propose commit", branchAttributes(at.repository, settings.branch), () =>
        git.withManifests(at, (copy) => tryAgain(copy, wish, doing)),
      );
    } catch (error) {
      return failed(doing.step, wish, error);
    }
  }

  async function tryAgain(copy: ManifestsCopy, wish: ProposalWish, doing: { step: string }): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      const instead = abandoned(wish);
      if (instead) return instead;
      const base = await copy.refresh(attempt === 1 ? wish.notBefore : performance.now());
      doing.step = patchStep(wish.target, wish.tag);
      const edit = await editOn(copy, base, wish);
      doing.step = commitStep(wish.target, wish.tag);
      const proposeNow = isByAgit(wish.settings) ? proposeByAgit : proposeOn;
      const outcome = edit.kind === "update" ? await proposeNow(copy, base, wish, edit) : edit;
      if (outcome.kind !== "moved") return outcome;
      if (attempt === TRIES) throw outcome.failure;
      await clock.sleep(Math.random() * 100 * 2 ** attempt, closing);
    }
  }

  /** What there is to propose, or the answer where there is nothing. */
  async function editOn(copy: ManifestsCopy, base: string, wish: ProposalWish): Promise<Update | Outcome> {
    const { target, image, tag, digest, appCommit } = wish;
    const question = { image, tag, appCommit: appCommit.sha, digest, isUnchecked: !wish.isChecked };
    const edit = await editFiles(target, base, question, { copy, places, signal: wish.signal });
    requireDigest(edit, wish);
    if (edit.kind === "up_to_date") return { kind: "up_to_date", to: tag };
    return (await lookForHeld(copy, base, [wish])(wish, edit)) ?? edit;
  }

  async function proposeOn(copy: ManifestsCopy, base: string, wish: ProposalWish, edit: Update): Promise<Outcome | Moved> {
    const { target, tag, appCommit, settings, signing } = wish;
    const stands = await copy.standing(settings.branch, base, edit.files);
    const own = await ownOf(copy, base, wish, stands);
    if (own?.kind === "moved") return own;
    const isThere = own !== undefined && isWantedOf(wish)(own.written) && own.hasFiles;
    const before = memory.of(wish);
    const known = isThere && before?.sha === stands?.sha ? before : undefined;

    const state = await look(wish, known);
    const declined = declinedOf(state, { wish, edit, isThere, isGone: !stands && before?.tag === tag });
    // Unless the forge says that the request was closed it may have been merged since the base was looked at.
    const isCertain = declined?.request !== undefined && !declined.wasMerged;
    if (declined && !isCertain && (await copy.refresh(performance.now())) !== base) {
      return { kind: "moved", failure: racedFailure(wish.at, undefined) };
    }
    if (declined) return declined;

    const facts = { target, paths: edit.files.map(({ path }) => path), tag, appCommit, ...changeOf(wish, edit) };
    const message = commitMessage(facts, commitWords);
    const words = wordsOf(message, settings);
    const isByPush = state.kind === "unasked" && settings.forge === "gitlab";
    const instead = isThere ? undefined : abandoned(wish);
    if (instead) return instead;
    const change = { parent: base, files: edit.files, message, signing, ...(isByPush && { options: pushOptions(wish.at.branch, words) }) };
    const standing = { kind: "there", sha: stands?.sha ?? "", request: known?.request, isHeard: known?.isUnheard !== true } as const;
    const there = isThere ? standing : await putOnBranch(copy, wish, stands?.sha, change);
    if (there.kind === "moved") return there;
    const { sha, request, isHeard } = there;
    memory.keep(wish, sha, request, isByPush && !isHeard);
    const asking = askingOf(wish);
    if (asking && state.kind !== "unasked") {
      const open = await requests.ensureOpen(asking, state, words, { isWanted: isWantedOf(wish), isNew: !isThere });
      if (state.kind !== "remembered") memory.keep(wish, sha, open.request);
      return proposed(wish, edit, open);
    }
    const why = state.kind === "unasked" && state.why !== undefined ? `the token for builds can't open it: ${state.why}` : undefined;
    return proposed(wish, edit, { request, warning: why, opener: isByPush && isHeard ? forgeNames.gitlab : undefined });
  }

  /** `request`, `isHeard`: the server was told by push options to open one, and took them. */
  async function putOnBranch(copy: ManifestsCopy, wish: ProposalWish, from: string | undefined, change: ProposedCommit) {
    const branch = { ...wish.at, branch: wish.settings.branch };
    const result = await copy.propose(branch.branch, from, change);
    if (result.kind === "raced") return { kind: "moved" as const, failure: result.cause ?? racedFailure(branch, result.reason) };
    if (result.kind === "refused") throw refusedFailure(branch, result.reason);
    const request = change.options && requestIn(result.said, pageOfRepository(wish));
    return { kind: "there" as const, sha: result.commit, request, isHeard: result.tookOptions === true };
  }

  /** What the operator itself has on the branch, if anything. */
  async function ownOf(copy: ManifestsCopy, base: string, wish: ProposalWish, stands: StandingProposal | undefined) {
    if (!stands) return undefined;
    const { target, signing, settings } = wish;
    const committers = [identity, ...(signing?.committer ? [signing.committer] : [])];
    try {
      const written = readOwnProposal(settings.branch, stands, { workload: target, identity, committers, cluster: commitWords?.cluster });
      return written && { kind: "own" as const, written, hasFiles: typeof stands.own === "object" && stands.own.hasFiles };
    } catch (failure) {
      // What has come to be the base's meanwhile is no stranger's.
      if ((await copy.refresh(performance.now())) !== base) return { kind: "moved" as const, failure };
      throw failure;
    }
  }

  function look(wish: ProposalWish, known: Remembered | undefined): Promise<RequestState> | RequestState {
    const asking = askingOf(wish);
    if (!asking) return { kind: "unasked", why: wish.loginProblem };
    if (known?.request && memory.isFresh(known)) return { kind: "remembered", request: known.request };
    return requests.find(asking, known?.request);
  }

  function pageOfRepository({ at }: ProposalWish): string | undefined {
    const forge = forgeOf(forges, at.repository);
    return forge && repositoryPage(forge, at.repository);
  }

  function proposed(
    wish: ProposalWish,
    edit: Update,
    { request, warning, opener }: { request: ProposalRequest | undefined; warning?: string | undefined; opener?: string | undefined },
  ): Outcome {
    const { at, tag, settings } = wish;
    const forge = forgeOf(forges, at.repository);
    const page = forge && proposalPage(forge, at.repository, at.branch, settings.branch);
    return {
      ...{ kind: "proposed", to: tag, branch: settings.branch, ...changeOf(wish, edit) },
      ...(request ? { request } : opener !== undefined ? { opener } : page !== undefined && { page }),
      ...(warning !== undefined && { note: warning }),
    };
  }

  return { propose };
}
