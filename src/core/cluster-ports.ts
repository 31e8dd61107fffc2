/** What the core asks of the cluster. */
import type { SecretRef, Workload, WorkloadRecord } from "./types.ts";

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
  /**
   * Those of the fields that are there, in one request. Rejects with `secret_missing`, `secret_forbidden`, `secret_unreadable`, or with
   * `secret_field_missing` where none of them is; `needed`: which one is then said to be missing.
   */
  read(ref: SecretRef, fields: readonly string[], needed: string): Promise<SecretTexts>;
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
