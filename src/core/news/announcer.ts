/** Who is told what of a run: the log, the cluster's Events, the chat. None of them can fail a pass (contract §8). */

import type { Workloads } from "../cluster-ports.ts";
import type { Push } from "../observer.ts";
import type { Result } from "../outcome.ts";
import type { ChatAddress, Log, Notifier } from "../ports.ts";
import type { EndedPass } from "../runs/calls.ts";
import type { EndedRun } from "../runs/results.ts";
import { idOf, logFields, type SecretRef, type Target, type Workload, type WorkloadRecord } from "../types.ts";
import { chatFormats, chatPost } from "./chat-formats.ts";
import {
  type ChatMessage,
  type ChatSettings,
  chatMessage,
  createNotices,
  isWanted,
  type RolloutEvent,
  rolloutEvent,
} from "./chat-message.ts";
import { type ClusterEvent, createEvents, incompleteEvent, notificationRefused } from "./events.ts";
import type { NewsEvent } from "./news.ts";
import { describeOutcome } from "./outcome-text.ts";

export interface ChatSecrets {
  /** `format`: as it stands in the Secret. */
  readChat(ref: SecretRef): Promise<{ readonly address: ChatAddress; readonly format: string | undefined }>;
}

interface AnnouncerOptions {
  readonly log: Log;
  readonly redactor: { redact(text: string): string; scope<T>(work: () => Promise<T>): Promise<T> };
  readonly workloads: Pick<Workloads, "get">;
  readonly chat: Pick<Notifier, "send">;
  /** Never rejects, never waits; `again` tries those that could not be posted. */
  readonly recorder: { record(about: WorkloadRecord, event: ClusterEvent): void; again(): void };
  /** What is read is known as a secret until `releases` is disposed of. */
  readonly secretsFor: (target: Target, releases: DisposableStack) => ChatSecrets;
  readonly chatSettings: ChatSettings;
}

const unknownFormat = `its field format is none of ${Object.keys(chatFormats).join(", ")}`;

export function createAnnouncer({ log, redactor, workloads, chat, recorder, secretsFor, chatSettings }: AnnouncerOptions) {
  const notices = createNotices();
  const events = createEvents();
  const chatProblems = new Map<string, string>();

  async function tellChat(target: Target, event: NewsEvent | RolloutEvent): Promise<void> {
    if (!target.notificationsSecret) {
      chatProblems.delete(idOf(target));
      return;
    }
    using releases = new DisposableStack();
    try {
      const notice = event.kind === "rolled_out" ? { news: event.kind, sentence: event.text } : notices.decide(target, event);
      if (notice === undefined || !isWanted(target, notice.news)) return;
      const { address, format } = await secretsFor(target, releases).readChat(target.notificationsSecret);
      const post = chatPost(format, redacted(chatMessage(notice, target, event, chatSettings)));
      lookAtChat(target, post ? chat.send(address, post, target.namespace) : unknownFormat);
    } catch (error) {
      log.warn({ ...logFields(target), error: (error as Error).message }, "Notification not sent");
    }
  }

  /** The words of others; the rest is of the annotations. */
  function redacted(message: ChatMessage): ChatMessage {
    const { redact } = redactor;
    const { author, subject } = message.app ?? {};
    const words = author !== undefined && subject !== undefined ? { author: redact(author), subject: redact(subject) } : {};
    return { ...message, sentence: redact(message.sentence), ...(message.app && { app: { ...message.app, ...words } }) };
  }

  /** Told once per change: a webhook that can't be used stays so until somebody mends it. */
  function lookAtChat(workload: Workload, problem: string | undefined): void {
    const id = idOf(workload);
    if (chatProblems.get(id) === problem) return;
    if (problem === undefined) {
      chatProblems.delete(id);
      return;
    }
    chatProblems.set(id, problem);
    const fields = { ...logFields(workload), problem };
    log.warn(fields, "Chat webhook URL can't be used, messages not sent; correct webhook-url in its Secret");
    tellCluster(workload, () => notificationRefused(problem));
  }

  function tellCluster(workload: Workload, decide: () => ClusterEvent | undefined): void {
    try {
      const event = decide();
      const record = event && workloads.get(workload);
      if (event && record) recorder.record(record, { ...event, note: redactor.redact(event.note) });
    } catch (error) {
      log.warn({ ...logFields(workload), error: (error as Error).message }, "Kubernetes Event not recorded");
    }
  }

  return {
    ended(result: Result, run?: EndedRun) {
      tellLog(log, result, run);
      const event = { kind: "ended", outcome: result.outcome, message: describeOutcome(result, result.outcome) } as const;
      tellCluster(result, () => events.decide(result, event));
      if (run) void redactor.scope(() => tellChat(run.target, event));
    },
    building(target: Target, sha: string, words: string) {
      // Here it is known what the run holds; the message has a scope of its own.
      const event = { kind: "building", sha, text: redactor.redact(words) } as const;
      void redactor.scope(() => tellChat(target, event));
      tellCluster(target, () => events.decide(target, event));
    },
    passEnded({ filter, cause, results, durationMs }: EndedPass) {
      const counts = { patched: 0, up_to_date: 0, proposed: 0, skipped: 0, waiting: 0, failed: 0 };
      for (const { outcome } of results) counts[outcome.kind] += 1;
      // With results it is a name of the cluster's, else whatever a caller made up.
      const { ids, ...named } = filter;
      const about = results.length > 0 ? named : {};
      log.info({ ...about, cause, tracked: results.length, ...counts, duration_ms: Math.round(durationMs) }, "pass ended");
    },
    /** What became of a pushed tag in the cluster, for those who asked for it. */
    rolledOut(target: Target, push: Push, result: "succeeded" | "failed") {
      void redactor.scope(() => tellChat(target, rolloutEvent(push, result)));
    },
    incomplete: (workload: Workload, problems: readonly string[]) => tellCluster(workload, () => incompleteEvent(problems)),
    /** Why the last chat message of a Deployment was not sent; undefined: it was, or there was none. */
    chatProblem: (workload: Workload) => chatProblems.get(idOf(workload)),
    /** At each pass: tells the cluster what could not be told before, and forgets the Deployments that are not among these. */
    retain(present: readonly Workload[]) {
      const ids = new Set(present.map(idOf));
      for (const id of chatProblems.keys()) if (!ids.has(id)) chatProblems.delete(id);
      notices.retain(present);
      events.retain(present);
      recorder.again();
    },
  };
}

/** Unchanged is no news. */
function tellLog(log: Log, result: Result, run?: EndedRun): void {
  const about = run ? { reconcile_id: run.id, cause: run.cause, duration: Math.round(run.durationMs) / 1_000 } : {};
  const fields = { ...logFields(result), ...about };
  const { outcome } = result;
  if (outcome.kind === "patched")
    log.info(
      { ...fields, from: outcome.from, to: outcome.to, commit: outcome.commit, unchecked: outcome.unchecked },
      `${result.kind} patched`,
    );
  if (outcome.kind === "proposed")
    log.info(
      { ...fields, from: outcome.from, to: outcome.to, branch: outcome.branch, url: outcome.request?.url, unchecked: outcome.unchecked },
      `${result.kind} proposed`,
    );
  if (outcome.kind === "failed") log.warn({ ...fields, code: outcome.error.code, error: outcome.error.message }, `${result.kind} failed`);
}
