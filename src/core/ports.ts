/** What the core asks of the outside world beside the cluster and git. */
import type { GitHubApp } from "./git-ports.ts";
import type { ManifestEdit, ManifestQuestion } from "./manifest-edit.ts";
import type { Repository, Target } from "./types.ts";

/** Where in a manifest the tag stands. Whoever wrote the file stops nobody else: what it costs is the namespace's alone. */
export interface Places {
  /** As `editManifest`; rejects also with `work_limit` for a file that costs too much, and with the signal's reason. */
  edit(question: ManifestQuestion, target: Pick<Target, "namespace" | "manifestRepository">, signal: AbortSignal): Promise<ManifestEdit>;
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

/** With what a forge is asked: a token as it is, or a GitHub App, of which a token is made for the repository and the right that each question needs. */
export type ForgeLogin = string | GitHubApp;

/** How the build of a commit stands. */
export type BuildState =
  | { readonly kind: "queued" | "running" | "failed" | "completed" | "none" }
  | { readonly kind: "unknown"; readonly reason: string; readonly shareOf?: string | undefined };

export interface Builds {
  /** Never rejects; a repository of no known forge has no builds (`none`). */
  state(repository: Repository, sha: string, login: ForgeLogin): Promise<BuildState>;
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
 * Of a forge. `refused`: it will be again, until somebody corrects what the reason says. Another try may succeed where the forge is `unavailable`,
 * or this token or namespace alone is `limited`.
 */
export interface ForgeTrouble {
  readonly kind: "refused" | "unavailable" | "limited";
  readonly reason: string;
}

export interface Reports {
  /** What stands there; undefined: nothing of ours. Neither rejects. */
  last(place: ReportPlace, login: ForgeLogin): Promise<{ readonly kind: "known"; readonly posted: Posted | undefined } | ForgeTrouble>;
  post(place: ReportPlace, report: Report, login: ForgeLogin): Promise<{ readonly kind: "posted" } | ForgeTrouble>;
}

/** Where a chat is spoken to, and by what whoever gets an event knows that it is ours. */
export interface ChatAddress {
  readonly webhookUrl: string;
  /** Events are signed with each of them, of which there may be none that can be used; undefined: they are not signed. */
  readonly hookSecrets: readonly string[] | undefined;
}

/** What is posted there, as JSON. */
export interface ChatPost {
  readonly body: object;
  readonly headers: Readonly<Record<string, string>>;
  /** For a program: it has an id and a time of its own, and is signed. */
  readonly isEvent: boolean;
}

export interface Notifier {
  /**
   * Never rejects, never waits for delivery. `namespace`: of the Deployment, so that none keeps others' messages from being told.
   * Returns why nothing is ever sent to that URL, without a word of its path; undefined: the message is on its way.
   */
  send(address: ChatAddress, post: ChatPost, namespace: string): string | undefined;
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
