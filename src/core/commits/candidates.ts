import { listBranch } from "./branch-candidates.ts";
import type { Candidates, CommitPorts, CommitQuestion, Listed } from "./candidate.ts";
import { listReleases } from "./release-candidates.ts";

export type { Candidates } from "./candidate.ts";

/** Which commits of the application may run: those of a branch, or those that git tags name. */
export function listCommits(question: CommitQuestion, ports: CommitPorts): Promise<Listed> {
  const { releaseTags } = question.target;
  return releaseTags === undefined ? listBranch(question, ports) : listReleases(releaseTags, question, ports);
}

export async function findCandidates(question: CommitQuestion, ports: CommitPorts): Promise<Candidates> {
  return (await listCommits(question, ports)).candidates();
}
