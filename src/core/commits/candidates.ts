/** Which commits of the application may run, the newest first, and none that is older than what stands in the file. */
import { ReconcileError } from "../../errors.ts";
import type { Behind, Candidate, Commit, Git, Identity, Line } from "../ports.ts";
import { formatRepository } from "../repository.ts";
import { renderTag, shaParts } from "../tag-format.ts";
import type { ReadBranches } from "../targets/read-branches.ts";
import type { Target } from "../types.ts";
import { commitWords, isOperatorCommit } from "./commit-message.ts";

export interface Candidates {
  /** The name of the branch that was asked. */
  readonly branch: string;
  /** The newest commit that counts. */
  readonly tip: Candidate;
  /** What stands in the file is newer than any that counts. */
  isPassed(tags: readonly string[]): boolean;
  /** Those that may be written in the place of these tags while the tip has no image. */
  behind(tags: readonly string[]): Promise<Behind>;
}

interface CommitPorts {
  readonly git: Git;
  /** The operator as author, to know its own commits. */
  readonly identity: Identity;
  /** Told the tag of the branch's newest commit before anything further is read; what it throws ends the search. */
  readonly onNewest?: (tag: string) => void;
}

interface Step {
  readonly commit: Commit;
  readonly counts: boolean;
}

/** The place of the tags that stand in the file is not known: the tip alone may be taken. */
const NOTHING: Behind = { newer: [], standsAt: undefined };

export async function findCandidates(target: Target, branches: ReadBranches, notBefore: number, ports: CommitPorts): Promise<Candidates> {
  const line = await ports.git.commits(branches.app, notBefore);
  const { branch } = line;
  const candidateOf = (commit: Commit): Candidate => ({
    commit,
    tag: renderTag(target.tagFormat, { sha: commit.sha, branch }),
    words: commitWords(commit),
  });
  const steps = createSteps(line, branches, notBefore, ports);

  ports.onNewest?.(candidateOf(line.tip).tag);
  const passed: Commit[] = [];
  let tip: Candidate | undefined;
  for await (const { commit, counts } of steps()) {
    if (counts) tip = candidateOf(commit);
    if (tip) break;
    passed.push(commit);
  }
  if (!tip) {
    throw new ReconcileError(
      "git_no_commit",
      `no commit but the operator's own in the last ${passed.length} of ${formatRepository(branches.app.repository)}, branch '${branch}'; push a commit to the application`,
    );
  }
  const newest = tip;
  return {
    branch,
    tip: newest,
    isPassed: (tags) => passed.some((commit) => isAt(commit, tags)),
    async behind(tags) {
      if (target.lookBack === 0 || tags.every((tag) => shaParts(tag).length === 0)) return NOTHING;
      const newer: Candidate[] = [];
      for await (const { commit, counts } of steps()) {
        if (isAt(commit, tags)) {
          const candidate = candidateOf(commit);
          if (!counts) return { newer, standsAt: undefined };
          if (tags.every((tag) => tag === candidate.tag)) return { newer, standsAt: candidate.tag };
          return { newer: commit.sha === newest.commit.sha ? newer : [...newer, candidate], standsAt: undefined };
        }
        if (counts && commit.sha !== newest.commit.sha && newer.length < target.lookBack) newer.push(candidateOf(commit));
      }
      return NOTHING;
    },
  };
}

/** The commits of the line, from its tip on. */
function createSteps(line: Line, branches: ReadBranches, notBefore: number, { git, identity }: CommitPorts) {
  let isInOneBranch: Promise<boolean> | undefined;
  /** No pass answers the operator's own commit, where application and manifests are one branch. */
  const isOwn = async (commit: Commit) => {
    if (!isOperatorCommit(commit, identity)) return false;
    isInOneBranch ??= isInManifests(commit, branches, notBefore, git);
    return isInOneBranch;
  };
  return async function* steps(): AsyncGenerator<Step> {
    let commit: Commit | undefined = line.tip;
    for (let index = 1; commit; index++) {
      yield { commit, counts: !(await isOwn(commit)) };
      commit = await line.at(index);
    }
  };
}

/** Whether one of the tags is made of that commit's id, whatever their format. */
function isAt({ sha }: Commit, tags: readonly string[]): boolean {
  return tags.some((tag) => shaParts(tag).some((part) => sha.startsWith(part)));
}

/** Asked of the commit itself, for the same repository can have several addresses. */
async function isInManifests({ sha }: Commit, { manifests }: ReadBranches, notBefore: number, git: Git): Promise<boolean> {
  return git.withManifests(await git.manifestsBranch(manifests, notBefore), async (copy) => {
    await copy.refresh(notBefore);
    return copy.holds(sha);
  });
}
