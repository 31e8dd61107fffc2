/** The news of the Deployments as Kubernetes Events, so that `kubectl describe` tells the story. */
import type { ErrorCode } from "../../errors.ts";
import { escapeControl } from "../../text/escape.ts";
import { withoutEmojiCode } from "../../text/without-emoji-code.ts";
import type { Outcome } from "../outcome.ts";
import { inWords } from "../types.ts";
import { createNewsroom, type News, type Newsroom } from "./news.ts";

/** A fixed set: people filter by it. */
type EventReason =
  | "BuildFailed"
  | "BuildRunning"
  | "HeldBack"
  | "ImageNotFound"
  | "ImageUpdated"
  | "IncompleteAnnotations"
  | "InvalidAnnotation"
  | "ManifestInvalid"
  | "NotificationRefused"
  | "ProposalDeclined"
  | "ProposalFailed"
  | "Proposed"
  | "PushRejected"
  | "ReconcileFailed"
  | "Recovered"
  | "RegistryUnavailable"
  | "RepositoryUnavailable"
  | "SecretRefDenied"
  | "SecretUnusable";

export interface ClusterEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  /** One line of any length. */
  readonly note: string;
}

/** What is not here is `ReconcileFailed`. */
const reasons: Partial<Record<ErrorCode, EventReason>> = {
  annotation_invalid: "InvalidAnnotation",
  build_failed: "BuildFailed",
  credential_invalid: "SecretUnusable",
  forge_refused: "ProposalFailed",
  forge_unavailable: "ProposalFailed",
  git_branch_missing: "RepositoryUnavailable",
  git_denied: "RepositoryUnavailable",
  git_host_key: "RepositoryUnavailable",
  git_repository_missing: "RepositoryUnavailable",
  git_unreachable: "RepositoryUnavailable",
  git_push_raced: "PushRejected",
  git_push_refused: "PushRejected",
  image_missing: "ImageNotFound",
  manifest_invalid: "ManifestInvalid",
  manifest_missing: "ManifestInvalid",
  manifest_no_container: "ManifestInvalid",
  proposal_foreign: "ProposalFailed",
  registry_denied: "RegistryUnavailable",
  registry_limited: "RegistryUnavailable",
  registry_unavailable: "RegistryUnavailable",
  repository_denied: "RepositoryUnavailable",
  secret_denied: "SecretRefDenied",
  secret_field_missing: "SecretUnusable",
  secret_forbidden: "SecretUnusable",
  secret_limit: "SecretUnusable",
  secret_missing: "SecretUnusable",
  secret_unreadable: "SecretUnusable",
  ssh_key_invalid: "SecretUnusable",
};

/** Of what did not fail and was not pushed. */
const reasonsOfNews: Partial<Record<News, EventReason>> = { held: "HeldBack", proposed: "Proposed", declined: "ProposalDeclined" };

export function createEvents(): Newsroom<ClusterEvent> {
  return createNewsroom((news, workload, event) => {
    if (event.kind === "building") return clusterEvent("Normal", "BuildRunning", event.text);
    const { outcome, message } = event;
    if (outcome.kind === "failed") return clusterEvent("Warning", reasons[outcome.error.code] ?? "ReconcileFailed", message);
    const text = news === "recovered" ? `${inWords(workload)} recovered: ${message}` : message;
    if (outcome.kind === "patched") return clusterEvent("Normal", "ImageUpdated", text + change(outcome));
    return clusterEvent("Normal", reasonsOfNews[news] ?? "Recovered", text);
  });
}

/** Of a webhook that messages are never sent to; who calls has seen that the problem is new. */
export function notificationRefused(problem: string): ClusterEvent {
  return clusterEvent("Warning", "NotificationRefused", `Chat messages are not sent, webhook-url can't be used: ${problem}`);
}

/** Of a Deployment that is not reconciled; who calls has seen that the problems are new. */
export function incompleteEvent(problems: readonly string[]): ClusterEvent {
  return clusterEvent("Warning", "IncompleteAnnotations", `Not reconciled: ${problems.join("; ")}`);
}

function change({ from, commit }: Extract<Outcome, { kind: "patched" }>): string {
  return ` (${from === undefined ? "" : `was ${from}, `}manifest commit ${commit})`;
}

function clusterEvent(type: ClusterEvent["type"], reason: EventReason, text: string): ClusterEvent {
  return { type, reason, note: escapeControl(withoutEmojiCode(text)) };
}
