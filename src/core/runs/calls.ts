/** What asks for a pass, a call of `/reconcile` or the timer, from question to answer. */
import { ReconcileError } from "../../errors.ts";
import type { Workloads } from "../cluster-ports.ts";
import type { Result } from "../outcome.ts";
import type { Cause } from "../progress.ts";
import { type Attributes, CAUSE, type SpanOptions, type Tracer } from "../tracer.ts";
import { type Filter, isTracked, type Parsed, type Workload, type WorkloadRecord, workloadOf } from "../types.ts";
import { unknownName } from "../unknown-name.ts";
import { askTogether } from "./ask-together.ts";
import type { Reconciler } from "./reconciler.ts";

/** It may have answered several calls; `cause`: that of the first. */
export interface EndedPass {
  readonly filter: Filter;
  readonly cause: Cause;
  readonly results: readonly Result[];
  readonly durationMs: number;
}

interface CallsOptions {
  readonly workloads: Workloads;
  readonly parse: (record: WorkloadRecord) => Parsed;
  readonly reconciler: Pick<Reconciler, "reconcile">;
  /** Of a call that begins now: aborts when it is answered, whatever is unfinished. */
  readonly answerDue: () => AbortSignal;
  readonly stopping: AbortSignal;
  readonly tracer: Tracer;
  /** Told of all workloads that there are, whenever a call has looked through them. */
  readonly onBegin: (workloads: readonly Workload[]) => void;
  readonly onEnd: (pass: EndedPass) => void;
}

/**
 * Calls for single workloads, as events make them, look at no other. After this time one looks through all of them, so that what is kept of those
 * that are gone is forgotten.
 */
const LOOK_MS = 60_000;

export function createCalls({ workloads, parse, reconciler, answerDue, stopping, tracer, onBegin, onEnd }: CallsOptions) {
  let lookedAt = Number.NEGATIVE_INFINITY;
  const answer = askTogether(async (filter: Filter, cause: Cause): Promise<Result[]> => {
    stopping.throwIfAborted();
    const due = answerDue();
    await workloads.ready(AbortSignal.any([stopping, due])).catch((error) => {
      throw error instanceof ReconcileError ? error : unsynced(error);
    });
    if (!filter.ids || performance.now() > lookedAt + LOOK_MS) lookAtAll(filter);
    const startedAt = performance.now();
    const results = await reconciler.reconcile(filter, cause, due);
    onEnd({ filter, cause, results, durationMs: performance.now() - startedAt });
    return results;
  }, tracer);

  /** Throws where the filter names nobody. */
  function lookAtAll(filter: Filter): void {
    lookedAt = performance.now();
    const records = workloads.list();
    onBegin(records.map(workloadOf));
    const unknown = unknownName(
      filter,
      records.filter((record) => isTracked(parse(record))),
    );
    if (unknown !== undefined) throw new ReconcileError("name_unknown", unknown);
  }

  return {
    /** Rejects with `cluster_unsynced`, `name_unknown` or `shutdown`. `options`: of its step in the trace. */
    ask: (filter: Filter, cause: Cause, attributes: Attributes = {}, options: SpanOptions = { incoming: {} }) =>
      tracer.span("reconcile", { request_id: crypto.randomUUID(), [CAUSE]: cause, ...attributes }, () => answer(filter, cause), options),
    /** Throws what every call would be refused with now. */
    requireReady(): void {
      stopping.throwIfAborted();
      if (!workloads.synced) throw unsynced();
    },
  };
}

function unsynced(cause?: unknown): ReconcileError {
  const message = "the Kubernetes API server has not given its Deployments yet; see the operator's log for the reason";
  return new ReconcileError("cluster_unsynced", message, { cause });
}
