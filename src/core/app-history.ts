/** The nouns of an application's repository: commits, git tags, and what stands at its paths. */
export interface Identity {
  readonly name: string;
  readonly email: string;
}

export interface Commit {
  readonly sha: string;
  /** The id of its root folder. */
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Identity;
  /** Committer time, seconds since 1970. */
  readonly time: number;
  /** The first line of the message that is not blank; of a longer one the beginning. */
  readonly subject: string;
  /** Its message has trailers as the operator's commits have. */
  readonly hasTrailers: boolean;
}

/** A branch's history along first parents, received as far as it is asked for. */
export interface Line {
  readonly branch: string;
  readonly tip: Commit;
  /** The commit so many generations behind the tip, 1,000 at most. Undefined: the history, or what may be received of it, ends before it. */
  at(index: number): Promise<Commit | undefined>;
}

/** A commit of the application that may run. */
export interface Candidate {
  readonly sha: string;
  /** Of its image. */
  readonly tag: string;
  /** Of a git tag behind the highest it is received only where it is to be written: each is a conversation. */
  commit(): Promise<Commit>;
}

/** What people are told of a commit: texts made harmless, the beginning of longer ones. */
export interface CommitSummary {
  readonly author: string;
  readonly subject: string;
  /** Seconds since 1970. */
  readonly time: number;
}

/** The newest of them. */
export interface TipCandidate extends Candidate {
  /** Seven characters of its id, and its subject made harmless; of a release with its git tag in front. */
  readonly words: string;
  readonly summary: CommitSummary;
  /** The git tag that chose it. */
  readonly release?: string;
  /** The commit before it on its branch, where that is known. */
  readonly parent?: string;
}

/** The candidates behind the tip, as far as they are newer than what stands in a file. */
export interface Behind {
  /** Newest first. */
  readonly newer: readonly Candidate[];
  /** The tag of a commit that counts, when nothing else stands in the file. */
  readonly standsAt: string | undefined;
}

/** A git tag, and the commit that it names. */
export interface Release {
  readonly name: string;
  readonly sha: string;
}

/** Which git tags count as releases, and which of two is the higher. */
export interface ReleasePattern<Version extends object = object> {
  /** Equal ones say the same of every name. */
  readonly glob: string;
  /** With which all of them begin. */
  readonly prefix: string;
  /** Undefined: it is none. */
  versionOf(name: string): Version | undefined;
  /** Above 0: `a` is the higher. */
  compare(a: Version, b: Version): number;
}

/** A folder of a repository, and the names in it that are asked for. */
export interface FolderQuestion {
  /** Its object id. */
  readonly tree: string;
  readonly names: readonly string[];
}

export interface FolderView {
  /** In the order of the names; undefined: no entry has that name. */
  readonly named: readonly ({ readonly mode: string; readonly id: string } | undefined)[];
  /** Equal for equal other entries; empty where there are none. */
  readonly rest: string;
}

/** What stands at the paths of an application in one commit. */
export interface PathPrint {
  /** Equal for equal contents; empty where nothing is there. */
  readonly print: string;
  /** The paths that are there, of those that are named. */
  readonly found: readonly string[];
}

/** Makes prints of what is asked for folder by folder. */
export interface PathPrinter {
  /** Equal ones make equal prints. */
  readonly key: string;
  /** Of a root folder. `view`: what is known of a folder; the others are needed. */
  print(
    tree: string,
    view: (folder: FolderQuestion) => FolderView | undefined,
  ): { readonly kind: "print"; readonly print: PathPrint } | { readonly kind: "needs"; readonly folders: readonly FolderQuestion[] };
}
