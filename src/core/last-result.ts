import type { Outcome, Result } from "./types.ts";

/** The last finished run of a Deployment, and what people ask about it. */
export interface LastResult extends Result {
  readonly at: Date;
  /** Since when runs have ended like that: the same failure, the same tag. The first run after the start knows of none before it. */
  readonly since: Date;
  /** The last push for it. */
  readonly pushed: { readonly to: string; readonly commit: string } | undefined;
}

export function nextLastResult(before: LastResult | undefined, result: Result, at: Date): LastResult {
  const { outcome } = result;
  const isSame = before !== undefined && stateOf(before.outcome) === stateOf(outcome);
  return {
    ...result,
    at,
    since: isSame ? before.since : at,
    pushed: outcome.kind === "patched" ? { to: outcome.to, commit: outcome.commit } : before?.pushed,
  };
}

/** Up to date after a push is the same as the push: the tag is there. */
function stateOf(outcome: Outcome): string {
  if (outcome.kind === "failed") return `failed ${outcome.error.code}`;
  return outcome.kind === "patched" || outcome.kind === "up_to_date" ? `at ${outcome.to}` : outcome.kind;
}
