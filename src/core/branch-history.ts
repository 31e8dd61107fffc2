/** The nouns of a manifests branch's history, as it is told to people. */
import type { Commit } from "./app-history.ts";

/** A file that a commit changed, as it was before and after. */
export interface FileChange {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

export interface BranchCommit extends Pick<Commit, "sha" | "time" | "author" | "subject" | "hasTrailers"> {
  /** The beginning of its message, 4 KiB at most. */
  readonly message: string;
  /** Of the files that were asked for. Of a merge those alone that are as in none of its parents. Empty where the message tells it all. */
  readonly changes: readonly FileChange[];
}

export interface RecentQuestion {
  /** Of files, from the root. */
  readonly paths: readonly string[];
  /** Nothing behind such a commit is wanted. */
  readonly isKnown: (sha: string) => boolean;
  /** By its message it is known what it changed, so its files are not looked at. */
  readonly tellsAll: (commit: Pick<BranchCommit, "sha" | "author" | "subject" | "hasTrailers" | "message">) => boolean;
}

/** What is known by now of a branch from its newest commit on. */
export interface RecentHistory {
  /** The newest first, as `git log` has them. */
  readonly commits: readonly BranchCommit[];
  /** Not asked for any more: what is behind it is not told. */
  readonly ends: readonly string[];
  /** The remote could not be asked. */
  readonly isFailed: boolean;
  /** Why something that was asked for is not there. */
  readonly reason?: string;
}

/** What one commit did to a Deployment's tag. Texts are of strangers: one printable line of 120 characters at most. What is not known is left out. */
export interface HistoryEntry {
  /** When it was committed, as ISO 8601 has it. */
  readonly at: string;
  readonly commit: string;
  readonly from?: string;
  readonly to: string;
  readonly appCommit?: string;
  readonly appSubject?: string;
  readonly appAuthor?: string;
  readonly cluster?: string;
  readonly by: "operator" | "person";
}
