import { isSameTarget } from "../targets/target.ts";
import type { Outcome, Parsed, Target } from "../types.ts";

/** What the cluster says of a target by now (undefined: gone): nothing when it is what the run began with, else the answer instead of a push (contract §6.8). */
export function recheck(target: Target, now: Parsed | undefined, tag: string): Outcome | undefined {
  if (now?.kind === "ready" && isSameTarget(now.target, target)) return undefined;
  if (!now || now.kind === "disabled") return { kind: "skipped", reason: now ? "disabled" : "deleted" };
  return { kind: "waiting", step: `the annotations of ${target.deployment} changed meanwhile; nothing was pushed`, to: tag };
}
