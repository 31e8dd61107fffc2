import type { ReadBranches } from "../targets/read-branches.ts";
import type { Target } from "../types.ts";
import { listBranch } from "./branch-candidates.ts";
import type { Candidates, CommitPorts, Listed } from "./candidate.ts";
import { listReleases } from "./release-candidates.ts";

export type { Candidates } from "./candidate.ts";

/** Which commits of the application may run: those of a branch, or those that git tags name. */
export function listCommits(target: Target, branches: ReadBranches, notBefore: number, ports: CommitPorts): Promise<Listed> {
  const { releaseTags } = target;
  if (releaseTags === undefined) return listBranch(target, branches, notBefore, ports);
  return listReleases(target, releaseTags, branches, notBefore, ports);
}

export async function findCandidates(...question: Parameters<typeof listCommits>): Promise<Candidates> {
  return (await listCommits(...question)).candidates();
}
