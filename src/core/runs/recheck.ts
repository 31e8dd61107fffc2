import type { Workloads } from "../cluster-ports.ts";
import type { Outcome } from "../outcome.ts";
import { pausedOutcome } from "../targets/pause.ts";
import { isSameTarget } from "../targets/target.ts";
import type { Parsed, Target, WorkloadRecord } from "../types.ts";

/** What the cluster says of a target by now: nothing when it is what the run began with, else the answer instead of a push (contract §6.8). */
export function createRecheck(workloads: Pick<Workloads, "get">, parse: (record: WorkloadRecord) => Parsed) {
  return (target: Target, tag: string): Outcome | undefined => {
    const record = workloads.get(target);
    const now = record && parse(record);
    if (!now || now.kind === "disabled") return { kind: "skipped", reason: now ? "disabled" : "deleted" };
    const paused = now.kind === "ready" ? pausedOutcome(now.target, Date.now()) : undefined;
    if (paused) return paused;
    if (now.kind === "ready" && isSameTarget(now.target, target)) return undefined;
    return {
      kind: "waiting",
      step: `the annotations of ${target.name}, or their defaults, changed meanwhile; nothing was pushed`,
      to: tag,
    };
  };
}
