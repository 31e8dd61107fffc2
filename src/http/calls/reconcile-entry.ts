import { describeOutcome } from "../../core/news/outcome-text.ts";
import type { Outcome, Result } from "../../core/outcome.ts";
import { isDeployment } from "../../core/types.ts";

/** One entry of `/reconcile`'s array (contract §5). */
export interface ReconcileEntry {
  readonly deployment: string;
  /** Only where it is no Deployment. */
  readonly kind?: string;
  readonly namespace: string;
  readonly action: Outcome["kind"];
  readonly from_sha?: string;
  readonly to_sha?: string;
  readonly status: "success" | "skipped" | "pending" | "failure";
  readonly message: string;
}

const STATUS = {
  patched: "success",
  up_to_date: "success",
  proposed: "pending",
  skipped: "skipped",
  waiting: "pending",
  failed: "failure",
} as const;

export function reconcileEntry(result: Result): ReconcileEntry {
  const { kind, namespace, name, outcome } = result;
  return {
    deployment: name,
    ...(!isDeployment(result) && { kind }),
    namespace,
    action: outcome.kind,
    ...("from" in outcome ? { from_sha: outcome.from } : {}),
    ...("to" in outcome ? { to_sha: outcome.to } : {}),
    status: STATUS[outcome.kind],
    message: describeOutcome(result, outcome),
  };
}
