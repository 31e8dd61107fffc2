/** What was asked of git servers, registries and the CI API, and what came of it. */
import type { Registry } from "prom-client";
import { type Observer, ROLLOUT_RESULTS } from "../core/observer.ts";
import { metricKinds } from "./metric-kinds.ts";

const BY_RESULT = ["operation", "result"] as const;
const OPERATIONS = ["list", "fetch", "push"] as const;
const IMAGE_RESULTS = ["found", "missing", "denied", "limited", "unavailable", "unchecked"] as const;
const BUILD_STATES = ["queued", "running", "failed", "completed", "none", "unknown"] as const;
const CONVERSATION_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const STAGES = ["pushed", "running"] as const;
const LEAD_SECONDS = [15, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400, 604_800];
const PUSH_SECONDS = [5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400];

export function createOutsideMetrics(register: Registry): Omit<Observer, "runStarted" | "called"> {
  const { counter, histogram } = metricKinds(register, "gitops_operator_");
  const operations = counter("git_operations_total", "Conversations with git servers; result is ok or an error code.", ...BY_RESULT);
  const operationSeconds = histogram(
    CONVERSATION_SECONDS,
    "git_operation_duration_seconds",
    "Time of conversations with git servers, connecting included.",
    "operation",
  );
  const received = counter("git_received_bytes_total", "Bytes of git protocol received; result is ok or an error code.", ...BY_RESULT);
  const sent = counter("git_sent_bytes_total", "Bytes of git protocol sent; result is ok or an error code.", ...BY_RESULT);
  const races = counter("push_races_total", "Pushes that came second and were made again on top of the other.");
  const latency = histogram(
    PUSH_SECONDS,
    "commit_to_push_seconds",
    "From an application commit's time to the acknowledged push of its tag.",
  );
  const lead = histogram(
    LEAD_SECONDS,
    "lead_time_seconds",
    "From an application commit's time until its tag was pushed, and until the cluster ran it.",
    "stage",
  );
  const rollouts = counter("rollouts_total", "Tags pushed since the start, by what became of them in the cluster.", "result");
  const images = counter(
    "image_checks_total",
    "Questions for images; unchecked: none was asked, as image_check or IMAGE_CHECK says.",
    "result",
  );
  const builds = counter("build_checks_total", "Questions to the CI API by the state of the build.", "state");
  const denied = counter("secret_refs_denied_total", "Secrets that annotations named and may not name.");

  for (const operation of OPERATIONS) {
    for (const counter of [operations, received, sent]) counter.inc({ operation, result: "ok" }, 0);
    operationSeconds.zero({ operation });
  }
  for (const stage of STAGES) lead.zero({ stage });
  for (const result of ROLLOUT_RESULTS) rollouts.inc({ result }, 0);
  for (const result of IMAGE_RESULTS) images.inc({ result }, 0);
  for (const state of BUILD_STATES) builds.inc({ state }, 0);

  return {
    conversed({ operation, result, durationMs, receivedBytes, sentBytes }) {
      operations.inc({ operation, result });
      operationSeconds.observe({ operation }, durationMs / 1_000);
      received.inc({ operation, result }, receivedBytes);
      sent.inc({ operation, result }, sentBytes);
    },
    imageChecked: (result) => images.inc({ result }),
    buildAsked: (state) => builds.inc({ state }),
    pushed({ appCommitTime }) {
      latency.observe(secondsSince(appCommitTime));
      lead.observe({ stage: "pushed" }, secondsSince(appCommitTime));
    },
    rolledOut(result, appCommitTime) {
      rollouts.inc({ result });
      if (result === "succeeded") lead.observe({ stage: "running" }, secondsSince(appCommitTime));
    },
    pushRaced: () => races.inc(),
    secretDenied: () => denied.inc(),
  };
}

/** A developer's clock may be ahead. */
function secondsSince(time: number): number {
  return Math.max(0, Date.now() / 1_000 - time);
}
