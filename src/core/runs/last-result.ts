import type { Outcome, Result } from "../outcome.ts";

/** The last finished run of a Deployment, and what people ask about it. A tag that was pushed unchecked stays so while it is there. */
export interface LastResult extends Result {
  readonly at: Date;
  /** Since when runs have ended like that: the same failure, the same tag. The first run after the start knows of none before it. */
  readonly since: Date;
  /** The last push for it. */
  readonly pushed: { readonly to: string; readonly commit: string; readonly unchecked?: true } | undefined;
}

export function nextLastResult(before: LastResult | undefined, result: Result, at: Date): LastResult {
  const { outcome } = result;
  const pushed = pushedBy(outcome) ?? before?.pushed;
  const isSame = before !== undefined && stateOf(before.outcome) === stateOf(outcome);
  return {
    ...result,
    outcome: outcome.kind === "up_to_date" && outcome.to === pushed?.to && pushed.unchecked ? { ...outcome, unchecked: true } : outcome,
    at,
    since: isSame ? before.since : at,
    pushed,
  };
}

function pushedBy(outcome: Outcome): LastResult["pushed"] {
  if (outcome.kind !== "patched") return undefined;
  const { to, commit, unchecked } = outcome;
  return { to, commit, ...(unchecked && { unchecked }) };
}

/** Up to date after a push is the same as the push: the tag is there. */
function stateOf(outcome: Outcome): string {
  if (outcome.kind === "failed") return `failed ${outcome.error.code}`;
  if (outcome.kind === "skipped") return `skipped ${outcome.reason}`;
  if (outcome.kind === "proposed") return `proposed ${outcome.to}`;
  return outcome.kind === "patched" || outcome.kind === "up_to_date" ? `at ${outcome.to}` : outcome.kind;
}
