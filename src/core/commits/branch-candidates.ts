import { ReconcileError } from "../../errors.ts";
import type { Candidate, Commit } from "../ports.ts";
import { formatRepository } from "../repository.ts";
import { shaParts } from "../tag-format.ts";
import type { ReadBranches } from "../targets/read-branches.ts";
import type { Target } from "../types.ts";
import { type Candidates, type CommitPorts, candidateOf, NOTHING_BEHIND } from "./candidate.ts";
import { createSteps } from "./steps.ts";

/** The commits of a branch, along first parents. */
export async function findOnBranch(target: Target, branches: ReadBranches, notBefore: number, ports: CommitPorts): Promise<Candidates> {
  const line = await ports.git.commits(branches.app, notBefore);
  const { branch } = line;
  ports.onNewest?.(candidateOf(target, line.tip, branch).tag);
  const steps = createSteps(target, line, branches, notBefore, ports);

  /** Those before the newest that counts. */
  const passed: Commit[] = [];
  let found: Candidate | undefined;
  for await (const { commit, counts } of steps()) {
    if (counts) found = candidateOf(target, commit, branch);
    if (found) break;
    passed.push(commit);
  }
  if (!found) throw noCommit(target, passed.length, `${formatRepository(branches.app.repository)}, branch '${branch}'`);
  const tip = found;
  return {
    origin: branch,
    tip,
    isPassed: (tags) => passed.some((commit) => isAt(commit, tags)),
    async behind(tags) {
      if (target.lookBack === 0 || tags.every((tag) => shaParts(tag).length === 0)) return NOTHING_BEHIND;
      const newer: Candidate[] = [];
      for await (const { commit, counts } of steps()) {
        const isTip = commit.sha === tip.commit.sha;
        if (isAt(commit, tags)) {
          if (!counts || newer.length === target.lookBack) return { newer, standsAt: undefined };
          const candidate = candidateOf(target, commit, branch);
          if (tags.every((tag) => tag === candidate.tag)) return { newer, standsAt: candidate.tag };
          return { newer: isTip ? newer : [...newer, candidate], standsAt: undefined };
        }
        if (counts && !isTip && newer.length < target.lookBack) newer.push(candidateOf(target, commit, branch));
      }
      return NOTHING_BEHIND;
    },
  };
}

/** Whether one of the tags is made of that commit's id, whatever their format. */
function isAt({ sha }: Commit, tags: readonly string[]): boolean {
  return tags.some((tag) => shaParts(tag).some((part) => sha.startsWith(part)));
}

function noCommit({ appPaths }: Target, lookedAt: number, where: string): ReconcileError {
  const message = appPaths
    ? `none of the last ${lookedAt} commits of ${where} changes what gitops.operator.app_paths names; correct it, or push a commit that does`
    : `no commit but the operator's own in the last ${lookedAt} of ${where}; push a commit to the application`;
  return new ReconcileError("git_no_commit", message);
}
