import type { Outcome, Result } from "../core/types.ts";

/** One entry of `/reconcile`'s array (contract §5). */
export interface ReconcileEntry {
  readonly deployment: string;
  readonly namespace: string;
  readonly action: Outcome["kind"];
  readonly from_sha?: string;
  readonly to_sha?: string;
  readonly status: "success" | "skipped" | "pending" | "failure";
  readonly message: string;
}

const STATUS = { patched: "success", up_to_date: "success", skipped: "skipped", waiting: "pending", failed: "failure" } as const;

export function reconcileEntry({ namespace, deployment, outcome }: Result): ReconcileEntry {
  return {
    deployment,
    namespace,
    action: outcome.kind,
    ...("from" in outcome ? { from_sha: outcome.from } : {}),
    ...("to" in outcome ? { to_sha: outcome.to } : {}),
    status: STATUS[outcome.kind],
    message: describeOutcome(deployment, outcome),
  };
}

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
