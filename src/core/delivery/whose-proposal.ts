/** Whose the commits are that stand on a branch for proposals: nothing but the operator's own proposal for this very workload is ever written anew. */
import { ReconcileError } from "../../errors.ts";
import type { Identity } from "../app-history.ts";
import { isOperatorCommit } from "../commits/commit-message.ts";
import { readTrailers } from "../commits/trailers.ts";
import type { OwnCommit, StandingProposal, Written } from "../git-ports.ts";
import { placeInWords, type Workload } from "../types.ts";

interface Owner {
  readonly workload: Workload;
  /** Its author, and who may have committed it: the operator itself, or whoever signs now. */
  readonly identity: Identity;
  readonly committers: readonly Identity[];
  readonly cluster: string | undefined;
}

/** What it proposes; undefined: nothing that the base does not have. Rejects where anything there is another's. */
export function readOwnProposal(branch: string, { sha, own }: StandingProposal, owner: Owner): Written | undefined {
  if (own === "nothing") return undefined;
  if (own === "more" || !isByOperator(own, owner)) throw foreign(`${branch} holds commits of others; merge it or delete it`);
  const [written, ...others] = readTrailers(sha, own.message);
  if (!written || others.length > 0) throw foreign(`${branch} holds commits of others; merge it or delete it`);
  const isSameCluster = written.cluster === undefined || written.cluster === owner.cluster;
  if (written.workload === placeInWords(owner.workload) && isSameCluster) return written;
  const whose = isSameCluster ? written.workload : `${written.workload} in cluster ${written.cluster}`;
  throw foreign(`${branch} holds the proposal of ${whose}; name another branch by gitops.operator.proposal_branch`);
}

/** Undefined: it is not the operator's own proposal for that workload, or at least does not look so. */
export function ownProposalOf(sha: string, own: OwnCommit, owner: Owner): Written | undefined {
  const [written, ...others] = isByOperator(own, owner) ? readTrailers(sha, own.message) : [];
  return written && others.length === 0 && isOf(written, owner) ? written : undefined;
}

function isOf(written: Written, { workload, cluster }: Owner): boolean {
  return written.workload === placeInWords(workload) && (written.cluster === undefined || written.cluster === cluster);
}

/** A person's work is not to be lost: who amends it becomes its committer, later than it was written, and may be called as the operator is. */
function isByOperator(own: OwnCommit, { identity, committers }: Owner): boolean {
  const { committer, isFirst } = own;
  return (
    isFirst && isOperatorCommit(own, identity) && committers.some(({ name, email }) => committer.name === name && committer.email === email)
  );
}

function foreign(message: string): ReconcileError {
  return new ReconcileError("proposal_foreign", message);
}
