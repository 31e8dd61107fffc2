import type { Outcome } from "../types.ts";

/** The outcome in the original's words. */
export function describeOutcome(deployment: string, outcome: Outcome): string {
  switch (outcome.kind) {
    case "patched":
      return `Deployment ${deployment} patched successfully to version ${outcome.to}${checkOf(outcome)}`;
    case "up_to_date":
      return `Deployment ${deployment} is up to date at ${outcome.to}${checkOf(outcome)}`;
    case "skipped":
      return outcome.reason === "disabled"
        ? `Deployment ${deployment} is disabled (gitops.operator.enabled=false)`
        : `Deployment ${deployment} is gone from the cluster; nothing was pushed`;
    case "waiting":
      return outcome.step;
    case "failed":
      return outcome.error.message;
  }
}

/** Behind the original's words, which stay as they are. */
function checkOf({ unchecked }: { readonly unchecked?: true }): string {
  return unchecked ? " (image unchecked)" : "";
}
