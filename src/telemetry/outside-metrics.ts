/** What was asked of git servers, registries and the CI API, and what came of it. */
import { Counter, Histogram, type Registry } from "prom-client";
import type { Observer } from "../core/observer.ts";

const OPERATIONS = ["list", "fetch", "push"] as const;
const IMAGE_RESULTS = ["found", "missing", "denied", "limited", "unavailable", "unchecked"] as const;
const BUILD_STATES = ["queued", "running", "failed", "completed", "none", "unknown"] as const;

export function createOutsideMetrics(register: Registry): Omit<Observer, "runStarted" | "called"> {
  const registers = [register];
  const operations = new Counter({
    ...{ name: "gitops_operator_git_operations_total", help: "Conversations with git servers; result is ok or an error code." },
    ...{ labelNames: ["operation", "result"] as const, registers },
  });
  const operationSeconds = new Histogram({
    ...{ name: "gitops_operator_git_operation_duration_seconds", help: "Time of conversations with git servers, connecting included." },
    ...{ labelNames: ["operation"] as const, buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60], registers },
  });
  const received = new Counter({
    ...{ name: "gitops_operator_git_received_bytes_total", help: "Bytes of git protocol received; result is ok or an error code." },
    ...{ labelNames: ["operation", "result"] as const, registers },
  });
  const sent = new Counter({
    ...{ name: "gitops_operator_git_sent_bytes_total", help: "Bytes of git protocol sent; result is ok or an error code." },
    ...{ labelNames: ["operation", "result"] as const, registers },
  });
  const races = new Counter({
    ...{ name: "gitops_operator_push_races_total", help: "Pushes that came second and were made again on top of the other." },
    registers,
  });
  const latency = new Histogram({
    ...{ name: "gitops_operator_commit_to_push_seconds", help: "From an application commit's time to the acknowledged push of its tag." },
    ...{ buckets: [5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400], registers },
  });
  const images = new Counter({
    ...{
      name: "gitops_operator_image_checks_total",
      help: "Questions for images; unchecked: none was asked, as image_check or IMAGE_CHECK says.",
    },
    ...{ labelNames: ["result"] as const, registers },
  });
  const builds = new Counter({
    ...{ name: "gitops_operator_build_checks_total", help: "Questions to the CI API by the state of the build." },
    ...{ labelNames: ["state"] as const, registers },
  });
  const denied = new Counter({
    ...{ name: "gitops_operator_secret_refs_denied_total", help: "Secrets that annotations named and may not name." },
    registers,
  });

  for (const operation of OPERATIONS) {
    for (const counter of [operations, received, sent]) counter.inc({ operation, result: "ok" }, 0);
    operationSeconds.zero({ operation });
  }
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
    // A developer's clock may be ahead.
    pushed: (appCommitTime) => latency.observe(Math.max(0, Date.now() / 1_000 - appCommitTime)),
    pushRaced: () => races.inc(),
    secretDenied: () => denied.inc(),
  };
}
