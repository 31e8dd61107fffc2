/** What the core asks of the outside world. Times called `notBefore` are `performance.now()` milliseconds. */
import type { Commit, Identity, Line, PathPrint, PathPrinter, Release, ReleasePattern } from "./app-history.ts";
import type { RecentHistory, RecentQuestion } from "./branch-history.ts";
import type { ManifestEdit, ManifestQuestion } from "./manifest-edit.ts";
import type { Repository, SecretRef, Target, Workload, WorkloadRecord } from "./types.ts";

/** The objects of all watched kinds, as the cluster has them. */
export interface Workloads {
  /**
   * Resolves when the Deployments of each namespace were listed or may certainly not be, and those of one were; and the other kinds, or it is known
   * why not. Rejects when the signal aborts first.
   */
  ready(signal: AbortSignal): Promise<void>;
  /** Whether it is so. */
  readonly synced: boolean;
  /**
   * Milliseconds since the API server was last heard (list, event or bookmark) of that one's kind in its namespace, or of what was heard the longest
   * time ago of all that may be listed; grows while the watch is broken.
   */
  staleForMs(of?: Workload): number;
  /** Of its kind in its namespace, or of the ConfigMaps that gave it defaults. */
  refusal(of: Workload): Refusal | undefined;
  /** Those with at least one `gitops.operator.*` annotation, by namespace and name. */
  list(): readonly WorkloadRecord[];
  get(workload: Workload): WorkloadRecord | undefined;
}

/** `what` may not be listed any more, so what is known may be out of date; `why`, and what to do about it. */
export interface Refusal {
  readonly what: string;
  readonly why: string;
}

export interface Secrets {
  /** Rejects with `secret_missing`, `secret_field_missing`, `secret_forbidden` or `secret_unreadable`. */
  read(ref: SecretRef, field: string): Promise<SecretField>;
  /** Those of the fields that are there, in one request. Rejects also where none of them is; `needed`: which one is then said to be missing. */
  readSome(ref: SecretRef, fields: readonly string[], needed: string): Promise<SecretTexts>;
}

export interface SecretField {
  /** Decoded from base64. */
  readonly text: string;
  /** The Secret's annotation `gitops.operator.allowed_repositories`; undefined: none. */
  readonly allowedRepositories: string | undefined;
}

export interface SecretTexts extends Pick<SecretField, "allowedRepositories"> {
  /** By field, decoded from base64. */
  readonly texts: Readonly<Partial<Record<string, string>>>;
}

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
  | { readonly kind: "accepted" }
  /** Nothing was written: the branch was not where we thought (`reason`: what the server said to that), or the connection broke (`cause`). Another try may succeed. */
  | { readonly kind: "raced"; readonly reason?: string; readonly cause?: unknown }
  /** The server said no for a reason of its own (hook, ruleset), in its words; the branch is where it was. */
  | { readonly kind: "refused"; readonly reason: string };

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

/** Where in a manifest the tag stands. Whoever wrote the file stops nobody else: what it costs is the namespace's alone. */
export interface Places {
  /** As `editManifest`; rejects also with `work_limit` for a file that costs too much, and with the signal's reason. */
  edit(question: ManifestQuestion, target: Pick<Target, "namespace" | "manifestRepository">, signal: AbortSignal): Promise<ManifestEdit>;
}

/** For `gitops-operator check`, which pushes nothing. */
export interface PushAccess {
  /** Rejects when the server refuses the key as soon as a push is begun; the conversation ends before anything is sent. */
  checkPushAccess(at: Wanted<ManifestsBranch>): Promise<void>;
}

/** What a registry says of one tag. `shareOf`, here and for builds: it was not asked, since that namespace's own share of something was used up. */
export type ImageAnswer =
  /** The digest when the registry tells a valid one. */
  | { readonly kind: "found"; readonly digest: string | undefined }
  | { readonly kind: "missing" }
  | { readonly kind: "denied"; readonly status: 401 | 403; readonly reason: string }
  | { readonly kind: "limited"; readonly reason: string }
  /** Time-out, TLS, DNS, 5xx, a bad answer, a refused address or realm: the reason says which. */
  | { readonly kind: "unavailable"; readonly reason: string; readonly shareOf?: string | undefined };

export interface Registry {
  /**
   * Never rejects for what the registry does. `dockerConfig`: text of `.dockerconfigjson`, absent = anonymous. `wantsDigest`: what is found
   * has a digest, whatever the registry tells. `namespace`: of the Deployment that asks, whose share of what is remembered it takes.
   */
  check(
    image: { readonly registryUrl: string; readonly repository: string; readonly namespace?: string },
    tag: string,
    dockerConfig: string | undefined,
    wantsDigest?: boolean,
  ): Promise<ImageAnswer>;
}

/** How the build of a commit stands. */
export type BuildState =
  | { readonly kind: "queued" | "running" | "failed" | "completed" | "none" }
  | { readonly kind: "unknown"; readonly reason: string; readonly shareOf?: string | undefined };

export interface Builds {
  /** Never rejects; a repository of no known forge has no builds (`none`). */
  state(repository: Repository, sha: string, token: string): Promise<BuildState>;
}

/** What an application's commit is to say of one Deployment. */
export interface Report {
  readonly state: "pending" | "success" | "failure" | "error";
  /** The same of a deployment, where the forge has them. */
  readonly deployment: "pending" | "queued" | "in_progress" | "success" | "failure" | "error" | "inactive";
  /** One line of 140 characters at most. */
  readonly text: string;
}

/** A mark on a commit: a status, or a deployment. */
export type ReportForm = "status" | "deployment";

export interface ReportPlace {
  readonly form: ReportForm;
  readonly repository: Repository;
  readonly sha: string;
  /** By which the mark is known: `gitops-operator/[CLUSTER/]NAMESPACE/NAME`. */
  readonly context: string;
  /** Of a deployment: where it goes, what was asked for, and where people see it run. */
  readonly environment: string;
  readonly ref: { readonly name: string; readonly isTag: boolean };
  readonly environmentUrl: string | undefined;
  /** Of the operator's page. */
  readonly url: string | undefined;
}

/** As a forge gave it back; some keep no text. */
export interface Posted {
  readonly state: Report["state"];
  readonly text: string | undefined;
}

/**
 * `refused`: it will be again, until somebody corrects what the reason says. Another try may succeed where the forge is `unavailable`, or this
 * token or namespace alone is `limited`.
 */
export interface ReportTrouble {
  readonly kind: "refused" | "unavailable" | "limited";
  readonly reason: string;
}

export interface Reports {
  /** What stands there; undefined: nothing of ours. Neither rejects. */
  last(place: ReportPlace, token: string): Promise<{ readonly kind: "known"; readonly posted: Posted | undefined } | ReportTrouble>;
  post(place: ReportPlace, report: Report, token: string): Promise<{ readonly kind: "posted" } | ReportTrouble>;
}

export interface Notifier {
  /**
   * Never rejects, never waits for delivery. `namespace`: of the Deployment, so that none keeps others' messages from being told.
   * Returns why nothing is ever sent to that URL, without a word of its path; undefined: the message is on its way.
   */
  send(webhookUrl: string, text: string, namespace: string): string | undefined;
  /** Delivers what is queued or gives up at the deadline. */
  close(deadlineMs: number): Promise<void>;
}

/** For waits that people notice: back-off, grace. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** `name` is the program's in every line: a workload is told by `logFields`. */
interface LogFields {
  readonly [field: string]: unknown;
  readonly name?: never;
}

/** What the core says to people who operate it: static message, data in fields. */
export interface Log {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
