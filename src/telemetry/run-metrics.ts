/** Runs: how many, how long, at what; and each Deployment's last result. */
import type { Registry } from "prom-client";
import { CALLS, type CallKind, PHASES, type Phase, type RunObserver } from "../core/observer.ts";
import type { Outcome, Result } from "../core/outcome.ts";
import { idOf, logFields, type Workload } from "../core/types.ts";
import { metricKinds } from "./metric-kinds.ts";

interface ActiveRun {
  readonly startedAt: number;
  phase: Phase;
  phaseSince: number;
}

/** In controller-runtime's words, which stock dashboards know. */
const RESULTS = {
  patched: "success",
  up_to_date: "success",
  proposed: "success",
  skipped: "success",
  waiting: "requeue_after",
  failed: "error",
} as const;
const ACTIONS = Object.keys(RESULTS) as Outcome["kind"][];
/** Of a Deployment there is no `kind`: a label that is missing and one that is empty are the same to Prometheus. */
const BY_DEPLOYMENT = ["namespace", "deployment", "kind"] as const;
const controller = "deployment";
const buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 240, 600];

export function createRunMetrics(register: Registry) {
  const { counter, gauge, histogram } = metricKinds(register, "gitops_operator_");
  const stock = metricKinds(register, "");
  const runs = counter("runs_total", "Results of Deployments by action, disabled and malformed ones included.", "action");
  const runSeconds = histogram(buckets, "run_duration_seconds", "Time of runs from their start to their result, waits included.");
  const phaseSeconds = histogram(buckets, "phase_duration_seconds", "Time that runs spent in each phase.", "phase");
  const inProgress = gauge("runs_in_progress", "Runs that are in the phase now.", "phase");
  const oldest = gauge("oldest_run_seconds", "Age of the oldest run in progress; 0 when there is none.");
  const calls = counter("calls_total", "How calls of /reconcile got their runs: one per call and Deployment.", "kind");
  const lastResult = gauge(
    "deployment_result",
    "1 for the action, and the error code, of the Deployment's last result.",
    ...BY_DEPLOYMENT,
    "action",
    "code",
  );
  const held = gauge(
    "held",
    "1 while the Deployment stays at another tag, since the operator's write was taken back; else 0.",
    ...BY_DEPLOYMENT,
  );
  const lastSuccess = gauge(
    "deployment_last_success_timestamp_seconds",
    "When the Deployment was last patched, proposed or up to date.",
    ...BY_DEPLOYMENT,
  );
  const reconciles = stock.counter(
    "controller_runtime_reconcile_total",
    "Results of Deployments, named as controller-runtime does.",
    "controller",
    "result",
  );
  const errors = stock.counter(
    "controller_runtime_reconcile_errors_total",
    "Failed results of Deployments, named as controller-runtime does.",
    "controller",
  );
  const reconcileSeconds = stock.histogram(
    buckets,
    "controller_runtime_reconcile_time_seconds",
    "Time of runs without the queue, named as controller-runtime does.",
    "controller",
  );
  const depth = stock.gauge("workqueue_depth", "Runs that wait for a place, named as controller-runtime does.", "name", "controller");

  const rollbacks = counter("rollbacks_total", "Tags that the operator had written and somebody took back, found since the start.");

  const active = new Set<ActiveRun>();
  /** What each Deployment's series say. */
  const shown = new Map<string, { readonly labels: ReturnType<typeof logFields>; action: string; code: string }>();
  /** By workload, the commit that was held last; empty: none yet. */
  const heldCommits = new Map<string, string>();

  for (const action of ACTIONS) runs.inc({ action }, 0);
  for (const kind of CALLS) calls.inc({ kind }, 0);
  for (const phase of PHASES) phaseSeconds.zero({ phase });
  for (const result of Object.values(RESULTS)) reconciles.inc({ controller, result }, 0);
  errors.inc({ controller }, 0);
  reconcileSeconds.zero({ controller });

  function runStarted(): RunObserver {
    const startedAt = performance.now();
    const run: ActiveRun = { startedAt, phase: "queue", phaseSince: startedAt };
    let queuedMs = 0;
    active.add(run);
    const leavePhase = () => {
      const now = performance.now();
      const spentMs = now - run.phaseSince;
      phaseSeconds.observe({ phase: run.phase }, spentMs / 1_000);
      if (run.phase === "queue") queuedMs += spentMs;
      run.phaseSince = now;
      return now;
    };
    return {
      phase(name) {
        // What was given up at its deadline may still say where it is.
        if (!active.has(run) || run.phase === name) return;
        leavePhase();
        run.phase = name;
      },
      end() {
        if (!active.delete(run)) return;
        const durationMs = leavePhase() - startedAt;
        runSeconds.observe(durationMs / 1_000);
        reconcileSeconds.observe({ controller }, (durationMs - queuedMs) / 1_000);
      },
    };
  }

  /** Of every result, those without a run too. */
  function ended(result: Result): void {
    const { outcome } = result;
    const action = outcome.kind;
    const code = outcome.kind === "failed" ? outcome.error.code : "";
    runs.inc({ action });
    reconciles.inc({ controller, result: RESULTS[action] });
    if (action === "failed") errors.inc({ controller });
    const labels = logFields(result);
    if (action === "patched" || action === "up_to_date" || action === "proposed") lastSuccess.set(labels, Date.now() / 1_000);
    const heldCommit = outcome.kind === "skipped" && outcome.reason === "held" ? outcome.commit : undefined;
    held.set(labels, heldCommit === undefined ? 0 : 1);
    const id = idOf(result);
    countRollback(id, heldCommit);
    const before = shown.get(id);
    if (before?.action === action && before.code === code) return;
    if (before) lastResult.remove({ ...labels, action: before.action, code: before.code });
    shown.set(id, { labels, action, code });
    lastResult.set({ ...labels, action, code }, 1);
  }

  /** Once each. What the first result after the start finds was counted before it. */
  function countRollback(id: string, heldCommit: string | undefined): void {
    const before = heldCommits.get(id);
    if (before !== undefined && heldCommit !== undefined && heldCommit !== before) rollbacks.inc();
    heldCommits.set(id, heldCommit ?? before ?? "");
  }

  /** Brings the gauges up to now; Deployments that are not tracked any more lose their series. */
  function refresh(tracked: readonly Workload[]): void {
    const ids = new Set(tracked.map(idOf));
    for (const [id, { labels, action, code }] of shown) {
      if (ids.has(id)) continue;
      shown.delete(id);
      heldCommits.delete(id);
      lastResult.remove({ ...labels, action, code });
      lastSuccess.remove({ ...labels });
      held.remove({ ...labels });
    }
    const counts = new Map<Phase, number>(PHASES.map((phase) => [phase, 0]));
    let oldestAt = performance.now();
    const now = oldestAt;
    for (const { phase, startedAt } of active) {
      counts.set(phase, (counts.get(phase) ?? 0) + 1);
      oldestAt = Math.min(oldestAt, startedAt);
    }
    for (const [phase, count] of counts) inProgress.set({ phase }, count);
    depth.set({ name: controller, controller }, counts.get("queue") ?? 0);
    oldest.set((now - oldestAt) / 1_000);
  }

  return { runStarted, called: (kind: CallKind) => calls.inc({ kind }), ended, refresh };
}
