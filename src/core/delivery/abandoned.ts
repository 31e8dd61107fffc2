import { asReconcileError, ReconcileError } from "../../errors.ts";
import type { Workloads } from "../cluster-ports.ts";
import type { Outcome } from "../outcome.ts";
import type { Target } from "../types.ts";

export interface AbandonedOptions {
  readonly workloads: Pick<Workloads, "refusal" | "staleForMs">;
  /** What the cluster says of the target by now: undefined = unchanged, else what to answer instead of a push. */
  readonly recheck: (target: Target, tag: string) => Outcome | undefined;
}

interface Wish {
  readonly target: Target;
  readonly tag: string;
  /** Aborted: nothing is pushed for it any more. */
  readonly signal: AbortSignal;
}

const STALE_MS = 5 * 60_000;

/** Looks once more whether a push is still wanted; else what to answer. `closing`: nothing is pushed any more. */
export function createAbandoned({ workloads, recheck }: AbandonedOptions, closing: AbortSignal) {
  return ({ target, signal, tag }: Wish): Outcome | undefined => {
    if (closing.aborted) return { kind: "failed", error: asReconcileError(closing.reason), to: tag };
    if (signal.aborted) return { kind: "failed", error: asReconcileError(signal.reason), to: tag };
    const refusal = workloads.refusal(target);
    const stale = workloads.staleForMs(target);
    if (refusal === undefined && stale <= STALE_MS) return recheck(target, tag);
    const reason =
      refusal === undefined
        ? `nothing was pushed: the Kubernetes API server has not been heard for ${Math.floor(stale / 60_000)} minutes, so the annotations may be out of date; check the API server and the operator's RBAC`
        : `nothing was pushed: the ${refusal.what} of namespace ${target.namespace} may not be listed any more, so the annotations may be out of date: ${refusal.why}`;
    const error = new ReconcileError("cluster_stale", reason);
    return { kind: "failed", error, to: tag };
  };
}
