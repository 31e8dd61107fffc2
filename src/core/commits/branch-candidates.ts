import { ReconcileError } from "../../errors.ts";
import type { Candidate, Commit, OlderCandidate } from "../ports.ts";
import { formatRepository } from "../repository.ts";
import { renderTag, shaParts } from "../tag-format.ts";
import type { ReadBranches } from "../targets/read-branches.ts";
import type { Target } from "../types.ts";
import { type Candidates, type CommitPorts, candidateOf, NOTHING_BEHIND } from "./candidate.ts";
import { createSteps } from "./steps.ts";

/** The commits of a branch, along first parents. */
export async function findOnBranch(target: Target, branches: ReadBranches, notBefore: number, ports: CommitPorts): Promise<Candidates> {
  const line = await ports.git.commits(branches.app, notBefore);
  const { branch } = line;
  const candidate = (commit: Commit) => candidateOf(target, commit, branch);
  const older = (one: Candidate): OlderCandidate => ({ sha: one.commit.sha, tag: one.tag, read: async () => one });
  ports.onNewest?.(candidate(line.tip).tag);
  const isOneOf = (tags: readonly string[]) => createTagged(tags, ({ sha }) => renderTag(target.tagFormat, { sha, branch }));
  const steps = createSteps(target, line, branches, notBefore, ports);

  /** Those before the newest that counts. */
  const passed: Commit[] = [];
  let found: Candidate | undefined;
  for await (const { commit, counts } of steps()) {
    if (counts) found = candidate(commit);
    if (found) break;
    passed.push(commit);
  }
  if (!found) throw noCommit(target, passed.length, `${formatRepository(branches.app.repository)}, branch '${branch}'`);
  const tip = found;
  return {
    origin: branch,
    tip,
    isPassed: (tags) => passed.length > 0 && passed.some(isOneOf(tags)),
    async behind(tags) {
      if (target.lookBack === 0 || tags.every((tag) => shaParts(tag).length === 0)) return NOTHING_BEHIND;
      const isAt = isOneOf(tags);
      const newer: OlderCandidate[] = [];
      for await (const { commit, counts } of steps()) {
        const isTip = commit.sha === tip.commit.sha;
        if (isAt(commit)) {
          const one = candidate(commit);
          if (!counts || newer.length === target.lookBack) return { newer, standsAt: undefined };
          if (tags.every((tag) => tag === one.tag)) return { newer, standsAt: one.tag };
          return { newer: isTip ? newer : [...newer, older(one)], standsAt: undefined };
        }
        if (counts && !isTip && newer.length < target.lookBack) newer.push(older(candidate(commit)));
      }
      return NOTHING_BEHIND;
    },
  };
}

/** Whether one of the tags is a commit's, or made of its id in another format. A file may hold thousands, and a line has a thousand commits. */
function createTagged(tags: readonly string[], tagOf: (commit: Commit) => string): (commit: Commit) => boolean {
  const wholes = new Set(tags);
  const parts = new Set(tags.flatMap(shaParts));
  const lengths = new Set(Array.from(parts, ({ length }) => length));
  return (commit) => wholes.has(tagOf(commit)) || lengths.values().some((length) => parts.has(commit.sha.slice(0, length)));
}

function noCommit({ appPaths }: Target, lookedAt: number, where: string): ReconcileError {
  const message = appPaths
    ? `none of the last ${lookedAt} commits of ${where} changes what gitops.operator.app_paths names; correct it, or push a commit that does`
    : `no commit but the operator's own in the last ${lookedAt} of ${where}; push a commit to the application`;
  return new ReconcileError("git_no_commit", message);
}
