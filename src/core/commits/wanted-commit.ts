import type { Commit } from "../ports.ts";

/** A commit of the application that may be wanted, and what is known of it. */
interface Candidate {
  readonly commit: Commit;
  /** The operator wrote it, and the manifests branch holds it: no pass answers its own commit. */
  readonly isOwn: boolean;
}

/** The first that counts of candidates, newest first. Undefined: only older commits can be wanted. */
export function wantedCommit(candidates: readonly Candidate[]): Commit | undefined {
  return candidates.find(({ isOwn }) => !isOwn)?.commit;
}
