/** Events of forges and registries, and how soon after them a tag was pushed. */
import type { Registry } from "prom-client";
import { metricKinds } from "./metric-kinds.ts";

const KINDS = ["push", "build", "image", "other"] as const;
const RESULTS = ["accepted", "duplicate", "ignored", "denied", "limited", "too_large"] as const;
const PUSH_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800];

/** `isOpen`: whether anybody can send events. Only then there are series, so that silence can be told from nobody being asked to speak. */
export function createHookMetrics(register: Registry, isOpen: boolean) {
  const { counter, histogram } = metricKinds(register, "gitops_operator_");
  const requests = counter(
    "hook_requests_total",
    "Events that came to HOOK_PORT by what they told of and what became of them; kind is other where they were not read. Absent without HOOK_PORT.",
    "kind",
    "result",
  );
  const imageToPush = histogram(
    PUSH_SECONDS,
    "image_to_push_seconds",
    "From the event that told of an image to the acknowledged push of its tag.",
  );
  if (isOpen) for (const kind of KINDS) for (const result of RESULTS) requests.inc({ kind, result }, 0);
  return {
    hookRequest: (kind: (typeof KINDS)[number], result: (typeof RESULTS)[number]) => requests.inc({ kind, result }),
    imageToPush: (ageMs: number) => imageToPush.observe(ageMs / 1_000),
  };
}
