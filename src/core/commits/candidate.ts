import type { Behind, Candidate, Commit, Git, Identity } from "../ports.ts";
import { renderTag } from "../tag-format.ts";
import type { Target } from "../types.ts";
import { commitWords } from "./commit-message.ts";

/** The commits of the application that may run, the newest first, and none that is older than what stands in the file. */
export interface Candidates {
  /** Where they were looked for: the name of the branch, or the pattern of tags. */
  readonly origin: string;
  /** The newest commit that counts. */
  readonly tip: Candidate;
  /** What stands in the file is newer than any that counts. */
  isPassed(tags: readonly string[]): boolean;
  /** Those that may be written in the place of these tags while the tip has no image. */
  behind(tags: readonly string[]): Promise<Behind>;
}

export interface CommitPorts {
  readonly git: Git;
  /** The operator as author, to know its own commits. */
  readonly identity: Identity;
  /** Told the tag of what is newest before anything further is read; what it throws ends the search. */
  readonly onNewest?: (tag: string) => void;
}

/** Where the place of what stands in the file is not known: the tip alone may be taken. */
export const NOTHING_BEHIND: Behind = { newer: [], standsAt: undefined };

/** `release`: the git tag that chose it. */
export function candidateOf({ tagFormat }: Target, commit: Commit, branch: string, release?: string): Candidate {
  const chosen = release === undefined ? {} : { release };
  return { commit, tag: renderTag(tagFormat, { sha: commit.sha, branch, ...chosen }), words: commitWords(commit, release), ...chosen };
}
