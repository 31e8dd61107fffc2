/** What the core asks of git, and with which credentials. Times called `notBefore` are `performance.now()` milliseconds. */
import type { Commit, Identity, Line, PathPrint, PathPrinter, Release, ReleasePattern } from "./app-history.ts";
import type { RecentHistory, RecentQuestion } from "./branch-history.ts";
import type { Repository, SecretRef } from "./types.ts";

interface Credential {
  /** Equal for equal key material, so that nothing is shared between different keys. Safe to log. */
  readonly id: string;
  /** Where it was read. */
  readonly secret: SecretRef;
}

/** With what commits are signed. */
export interface Signing {
  /** Makes the signature of a commit's bytes without it. */
  readonly sign: (unsigned: Buffer) => Promise<string>;
  /** Undefined: the author. */
  readonly committer: Identity | undefined;
}

/** A parsed private key, in memory only. */
export interface SshKey extends Credential {
  readonly kind: "key";
  /** The text in a form that the SSH library reads. */
  readonly privateKey: string;
}

interface HttpsCredential extends Credential {
  /** Authorities that are trusted beside the usual ones, in PEM. */
  readonly caPem: string | undefined;
}

/** What every forge calls a token, with the user that it goes with. */
export interface TokenLogin extends HttpsCredential {
  readonly kind: "token";
  readonly username: string;
  readonly password: string;
}

/** As which tokens are made for one repository and one right at a time. */
export interface GitHubApp extends HttpsCredential {
  readonly kind: "app";
  readonly appId: string;
  readonly installationId: string;
  /** RSA, in PEM. */
  readonly privateKey: string;
}

/** What opens a repository. */
export type GitCredential = SshKey | TokenLogin | GitHubApp;

/** A branch as one key sees it (no key: a public https repository). */
export interface Branch {
  readonly repository: Repository;
  readonly branch: string;
  readonly key: GitCredential | undefined;
  /** Of the Deployment that asks: whose share of the operator the answer takes. What several ask together is the first one's, as long as it has one. */
  readonly namespace: string;
}

export interface ManifestsBranch extends Branch {
  readonly key: GitCredential;
}

/** A branch as it is asked for. Undefined: `master` where the remote has it, else the remote's default branch. */
export type Wanted<At extends Branch> = Omit<At, "branch"> & { readonly branch: string | undefined };

export type PushResult =
  /** `said`: what the server's hooks told, as they wrote it, 4 KiB at most. `tookOptions`: they were given the push options. */
  | { readonly kind: "accepted"; readonly said?: string; readonly tookOptions?: true }
  /** Nothing was written: the branch was not where we thought (`reason`: what the server said to that), or the connection broke (`cause`). Another try may succeed. */
  | { readonly kind: "raced"; readonly reason?: string; readonly cause?: unknown }
  /** The server said no for a reason of its own (hook, ruleset), in its words; the branch is where it was. */
  | { readonly kind: "refused"; readonly reason: string };

export type RequestResult =
  | { readonly kind: "accepted"; readonly commit: string; readonly number: number }
  | Exclude<PushResult, { kind: "accepted" }>;

/** What a commit of the operator says by its trailers. */
export interface Written {
  readonly commit: string;
  readonly appCommit: string;
  /** `NAMESPACE/NAME` of a Deployment, `KIND NAMESPACE/NAME` of another. */
  readonly workload: string;
  /** `IMAGE:TAG` */
  readonly image: string;
  /** Their paths, as trailers have them; none: from before they were named. */
  readonly files: readonly string[];
  /** Which one wrote it, where its operator has a name for it. */
  readonly cluster?: string;
}

export type WrittenHistory =
  | { readonly kind: "known"; readonly written: readonly Written[] }
  /** There may be more: the rest could not be had of the remote. */
  | { readonly kind: "unknown"; readonly written: readonly Written[]; readonly reason: string };

export interface FileText {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
}

/** What stands on a branch for proposals, beside what its base has. */
export interface StandingProposal {
  /** Where the branch is. */
  readonly sha: string;
  /** Its one commit. `nothing`: all of it is the base's; `more`: there are several commits, or one that merges. */
  readonly own: OwnCommit | "nothing" | "more";
}

export interface OwnCommit extends Pick<Commit, "author" | "subject" | "hasTrailers"> {
  readonly committer: Identity;
  /** It was committed in the moment in which it was written: nobody has amended or moved it. */
  readonly isFirst: boolean;
  /** The beginning of its message, 4 KiB at most. */
  readonly message: string;
  /** All the files that were asked about read so there. */
  readonly hasFiles: boolean;
}

/** A pull request at a forge, by the ref that the forge keeps of it, whoever opened it and whatever became of it. */
export interface StandingRequest {
  readonly number: number;
  readonly sha: string;
  /** Its newest commit; `hasFiles`: it is the base with those files, and nothing else. Undefined where it is the one that is known, or too large to look at. */
  readonly own: OwnCommit | undefined;
}

/** A commit that is to stand on a branch for proposals, alone. */
export interface ProposedCommit {
  readonly parent: string;
  readonly files: readonly FileText[];
  readonly message: string;
  readonly signing: Signing | undefined;
  /** Push options, for servers that take them; one line each. */
  readonly options?: readonly string[];
}

/** The local shallow copy of one manifests branch. Files are read from, and commits built in, its object store. */
export interface ManifestsCopy {
  /** The remote's tip, from a listing that began not before that time; fetched when the copy does not have it. */
  refresh(notBefore: number): Promise<string>;
  /** Whether that commit is in the branch's history. What the copy does not have is looked for on the remote, 200 generations back. */
  holds(sha: string): Promise<boolean>;
  /**
   * What the operator has written in the history of `head`, a commit of the copy, since that time (seconds since 1970) or somewhat earlier, along all
   * parents. Asked of the remote only for what the copy does not have, and once for all who ask until the branch's older history is asked for.
   */
  written(head: string, since: number): Promise<WrittenHistory>;
  /** The newest commit that the copy has; undefined: it is not made yet. Asks nobody. */
  tip(): string | undefined;
  /**
   * The commits behind `head`, a commit of the copy: those that it has, and where those do not lead to known ones, 50 generations from the remote. No
   * more than 50 KiB is asked for: commits, folders on the way to the files, and files that were changed. Rejects where the remote can't be asked.
   */
  recent(head: string, question: RecentQuestion): Promise<RecentHistory>;
  /** A regular file's text; rejects with `manifest_missing` or `manifest_invalid`. */
  read(commit: string, path: string): Promise<string>;
  /**
   * The regular files with one of `manifestEndings` that a pattern names (`*` within one part, `**` for folders or none), in git's order: one above
   * `mostFiles` where there are more. Rejects with `manifest_invalid` where too much has to be looked through.
   */
  list(commit: string, pattern: string): Promise<readonly string[]>;
  /** A new commit on `parent` that replaces regular files, modes kept; only in the object store until it is pushed. Not signed where `signing` is undefined. */
  commit(parent: string, files: readonly FileText[], message: string, signing?: Signing): Promise<string>;
  /** Compare-and-swap of the remote branch, acknowledged by the server; after a cut connection the remote has been asked. */
  push(from: string, to: string): Promise<PushResult>;
  /** What stands on another branch of the repository, by a listing that begins now, and is not in the history of `base`; undefined: there is no such branch. */
  standing(branch: string, base: string, files: readonly FileText[]): Promise<StandingProposal | undefined>;
  /**
   * Compare-and-swap of a branch for proposals, from what it was when it was looked at (undefined: not there) to that commit; acknowledged like `push`.
   * Rejects for a branch that does not begin with PROPOSAL_PREFIX.
   */
  propose(branch: string, from: string | undefined, commit: ProposedCommit): Promise<PushResult & { readonly commit: string }>;
  /** The newest pull requests of the repository, the newest first; `known` alone where its number is still there. */
  requests(base: string, files: readonly FileText[], known?: Omit<StandingRequest, "own">): Promise<readonly StandingRequest[]>;
  /**
   * Pushes to `refs/for/`, by which Gitea and Forgejo open a pull request for this branch, or update the one that the same user has opened with that
   * topic; acknowledged like `push`. Rejects for a topic that does not begin with PROPOSAL_PREFIX.
   */
  request(topic: string, commit: ProposedCommit): Promise<RequestResult>;
}

/** Every call has a deadline of its own. What equal callers ask at once is asked of the remote once. */
export interface Git {
  /** The branch from its tip on, which is of a listing that began not before that time. Only commits are received, never files. */
  commits(at: Wanted<Branch>, notBefore: number): Promise<Line>;
  /** The tags of a listing that began not before that time, the highest first, 1,001 at most. Annotated ones count as what they name. */
  releases<Version extends object>(
    at: Omit<Branch, "branch">,
    pattern: ReleasePattern<Version>,
    notBefore: number,
  ): Promise<readonly Release[]>;
  /** One commit that a tag or branch stands at; rejects with `git_no_commit` when that is none. */
  commit(at: Omit<Branch, "branch">, sha: string): Promise<Commit>;
  /**
   * By root folder. Only folders are received, those on the way to the paths: one request for each level of them, 4 MiB at most. Rejects with
   * `git_protocol` where a server can't send folders without files.
   */
  prints(at: Omit<Branch, "branch">, trees: readonly string[], printer: PathPrinter): Promise<ReadonlyMap<string, PathPrint>>;
  /** The manifests branch by its name. One that was not named is found by such a listing, and fetched in the same conversation. */
  manifestsBranch(at: Wanted<ManifestsBranch>, notBefore: number): Promise<ManifestsBranch>;
  /** Runs `work` with the copy, which is not dropped meanwhile. A copy found damaged is made anew and `work` run once more. */
  withManifests<T>(at: ManifestsBranch, work: (copy: ManifestsCopy) => Promise<T>): Promise<T>;
  /** Begins what a run will ask for later, and then shares; who asks is told of a failure. */
  refreshAhead(at: Wanted<ManifestsBranch>, notBefore: number): void;
}

/** For `gitops-operator check`, which pushes nothing. */
export interface PushAccess {
  /** Rejects when the server refuses the key as soon as a push is begun; the conversation ends before anything is sent. */
  checkPushAccess(at: Wanted<ManifestsBranch>): Promise<void>;
}
