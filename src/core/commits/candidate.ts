import type { Behind, Identity, TipCandidate } from "../app-history.ts";
import type { Git } from "../git-ports.ts";
import type { ReadBranches } from "../targets/read-branches.ts";
import type { Target } from "../types.ts";

export interface CommitQuestion {
  readonly target: Target;
  readonly branches: ReadBranches;
  /** What is listed has to be of a listing that began not before that time. */
  readonly notBefore: number;
}

/** The commits of the application that may run, the newest first, and none that is older than what stands in the file. */
export interface Candidates {
  /** Where they were looked for: the name of the branch, or the pattern of tags. */
  readonly origin: string;
  /** The newest commit that counts. */
  readonly tip: TipCandidate;
  /** What stands in the file is newer than any that counts. */
  isPassed(tags: readonly string[]): boolean;
  /** Those that may be written in the place of these tags while the tip has no image. */
  behind(tags: readonly string[]): Promise<Behind>;
}

/** What a listing told, before anything further is received. */
export interface Listed {
  /** The tag of what is newest, whether it counts or not. */
  readonly newestTag: string;
  candidates(): Promise<Candidates>;
}

export interface CommitPorts {
  readonly git: Git;
  /** The operator as author, to know its own commits. */
  readonly identity: Identity;
}

/** Where the place of what stands in the file is not known: the tip alone may be taken. */
export const NOTHING_BEHIND: Behind = { newer: [], standsAt: undefined };
