import type { ReadBranches } from "../targets/read-branches.ts";
import type { Target } from "../types.ts";
import { findOnBranch } from "./branch-candidates.ts";
import type { Candidates, CommitPorts } from "./candidate.ts";
import { findReleases } from "./release-candidates.ts";

export type { Candidates } from "./candidate.ts";

/** Which commits of the application may run: those of a branch, or those that git tags name. */
export function findCandidates(target: Target, branches: ReadBranches, notBefore: number, ports: CommitPorts): Promise<Candidates> {
  const { releaseTags } = target;
  if (releaseTags === undefined) return findOnBranch(target, branches, notBefore, ports);
  return findReleases(target, releaseTags, branches, notBefore, ports);
}
