import type { Rollout } from "../../core/types.ts";
import { mapOf } from "./map-of.ts";

/** How far a Deployment's Pods are what its template says, by the rules of `kubectl rollout status`; undefined when it has no status. */
export function rolloutOf(deployment: unknown): Rollout | undefined {
  const { metadata, status } = mapOf(deployment);
  const { observedGeneration, replicas, updatedReplicas, availableReplicas, conditions } = mapOf(status);
  if (typeof observedGeneration !== "number") return undefined;
  if (observedGeneration < count(mapOf(metadata).generation)) return "under_way";
  const isOverdue =
    Array.isArray(conditions) && conditions.map(mapOf).some(({ type, reason }) => type === "Progressing" && reason === overdue);
  if (isOverdue) return "stuck";
  const wanted = wantedReplicas(deployment);
  const updated = count(updatedReplicas);
  if (updated < wanted || count(replicas) > updated || count(availableReplicas) < updated) return "under_way";
  return wanted === 0 ? "none" : "done";
}

/** How many Pods a Deployment wants: the server fills in 1 where nobody says. */
export function wantedReplicas(deployment: unknown): number {
  return count(mapOf(mapOf(deployment).spec).replicas ?? 1);
}

const overdue = "ProgressDeadlineExceeded";

/** Zeros are left out. */
function count(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
