/** In which state a workload is shown, and the order of these: what people see first is what needs them. */
import type { Outcome } from "../../core/outcome.ts";
import type { Rollout } from "../../core/types.ts";

export const STATES = [
  ["failing", "Failing"],
  ["incomplete", "Incomplete"],
  ["held", "Held"],
  ["proposed", "Proposed"],
  ["declined", "Declined"],
  ["waiting", "Waiting"],
  ["pushed", "Pushed, not rolled out"],
  ["unseen", "No pass since start"],
  ["ok", "Up to date"],
  ["paused", "Paused"],
  ["disabled", "Disabled"],
] as const;

export type State = (typeof STATES)[number][0];

export function titleOf(state: State): string {
  return STATES.find(([id]) => id === state)?.[1] ?? state;
}

/** What a state follows from. */
interface Facts {
  readonly enabled: boolean;
  readonly last: { readonly kind: Outcome["kind"]; readonly skipped?: Extract<Outcome, { kind: "skipped" }>["reason"] } | undefined;
  /** Whether its template in the cluster has the tag that is wanted; undefined: not known. */
  readonly isAtTag: boolean | undefined;
  readonly rollout: Rollout | undefined;
}

export function stateOf(facts: Facts): State {
  const { enabled, last } = facts;
  if (!enabled) return "disabled";
  if (!last) return "unseen";
  switch (last.kind) {
    case "failed":
      return "failing";
    case "proposed":
    case "waiting":
      return last.kind;
    case "skipped":
      return last.skipped === "held" || last.skipped === "declined" || last.skipped === "paused" ? last.skipped : "waiting";
    case "patched":
    case "up_to_date":
      return isRolledOut(facts) === false ? "pushed" : "ok";
  }
}

/** Whether the cluster runs what is wanted; undefined: not known. */
export function isRolledOut({ isAtTag, rollout }: Pick<Facts, "isAtTag" | "rollout">): boolean | undefined {
  if (isAtTag !== true) return isAtTag;
  if (rollout === undefined) return undefined;
  return rollout === "done" || rollout === "none";
}
