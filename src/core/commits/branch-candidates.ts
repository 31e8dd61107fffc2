import { ReconcileError } from "../../errors.ts";
import type { Candidate, Commit } from "../app-history.ts";
import { formatRepository } from "../repository.ts";
import { renderTag, shaParts } from "../tag-format.ts";
import type { Target } from "../types.ts";
import { type Candidates, type CommitPorts, type CommitQuestion, type Listed, NOTHING_BEHIND } from "./candidate.ts";
import { commitWords, summaryOf } from "./commit-message.ts";
import { createSteps } from "./steps.ts";

/** The commits of a branch, along first parents. */
export async function listBranch(question: CommitQuestion, ports: CommitPorts): Promise<Listed> {
  const { target, branches, notBefore } = question;
  const line = await ports.git.commits(branches.app, notBefore);
  const { branch } = line;
  const tagOf = ({ sha }: Commit) => renderTag(target.tagFormat, { sha, branch });
  const candidate = (commit: Commit): Candidate => ({ sha: commit.sha, tag: tagOf(commit), commit: async () => commit });
  const steps = createSteps(line, question, ports);

  async function candidates(): Promise<Candidates> {
    /** Those before the newest that counts. */
    const passed: Commit[] = [];
    let newest: Commit | undefined;
    for await (const { commit, counts } of steps()) {
      if (counts) newest = commit;
      if (newest) break;
      passed.push(commit);
    }
    if (!newest) throw noCommit(target, passed.length, `${formatRepository(branches.app.repository)}, branch '${branch}'`);
    const [parent] = newest.parents;
    const tip = { ...candidate(newest), words: commitWords(newest), summary: summaryOf(newest), ...(parent !== undefined && { parent }) };
    return {
      origin: branch,
      tip,
      isPassed: (tags) => passed.length > 0 && passed.some(createTagged(tags, tagOf)),
      async behind(tags) {
        if (target.lookBack === 0 || tags.every((tag) => shaParts(tag).length === 0)) return NOTHING_BEHIND;
        const isAt = createTagged(tags, tagOf);
        const newer: Candidate[] = [];
        for await (const { commit, counts } of steps()) {
          const isTip = commit.sha === tip.sha;
          if (isAt(commit)) {
            const one = candidate(commit);
            if (!counts || newer.length === target.lookBack) return { newer, standsAt: undefined };
            if (tags.every((tag) => tag === one.tag)) return { newer, standsAt: one.tag };
            return { newer: isTip ? newer : [...newer, one], standsAt: undefined };
          }
          if (counts && !isTip && newer.length < target.lookBack) newer.push(candidate(commit));
        }
        return NOTHING_BEHIND;
      },
    };
  }

  return { newestTag: tagOf(line.tip), candidates };
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
