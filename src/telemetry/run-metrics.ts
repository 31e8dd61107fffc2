/** Runs: how many, how long, at what; and each Deployment's last result. */

import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { CALLS, type CallKind, PHASES, type Phase, type RunObserver } from "../core/observer.ts";
import type { Outcome, Result } from "../core/types.ts";
import { idOf, type Name } from "../core/types.ts";

interface RunMetrics {
  runStarted(): RunObserver;
  called(kind: CallKind): void;
  ended(result: Result): void;
  /** Brings the gauges up to now; Deployments that are not tracked any more lose their series. */
  refresh(tracked: readonly Name[]): void;
}

interface ActiveRun {
  readonly startedAt: number;
  phase: Phase;
  phaseSince: number;
}

/** In controller-runtime's words, which stock dashboards know. */
const RESULTS = { patched: "success", up_to_date: "success", skipped: "success", waiting: "requeue_after", failed: "error" } as const;
const ACTIONS = Object.keys(RESULTS) as Outcome["kind"][];
const controller = "deployment";
const buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 240, 600];

export function createRunMetrics(register: Registry): RunMetrics {
  const registers = [register];
  const runs = new Counter({
    ...{ name: "gitops_operator_runs_total", help: "Results of Deployments by action, disabled and malformed ones included." },
    ...{ labelNames: ["action"] as const, registers },
  });
  const runSeconds = new Histogram({
    ...{ name: "gitops_operator_run_duration_seconds", help: "Time of runs from their start to their result, waits included." },
    ...{ buckets, registers },
  });
  const phaseSeconds = new Histogram({
    ...{ name: "gitops_operator_phase_duration_seconds", help: "Time that runs spent in each phase." },
    ...{ labelNames: ["phase"] as const, buckets, registers },
  });
  const inProgress = new Gauge({
    ...{ name: "gitops_operator_runs_in_progress", help: "Runs that are in the phase now." },
    ...{ labelNames: ["phase"] as const, registers },
  });
  const oldest = new Gauge({
    ...{ name: "gitops_operator_oldest_run_seconds", help: "Age of the oldest run in progress; 0 when there is none." },
    registers,
  });
  const calls = new Counter({
    ...{ name: "gitops_operator_calls_total", help: "How calls of /reconcile got their runs: one per call and Deployment." },
    ...{ labelNames: ["kind"] as const, registers },
  });
  const lastResult = new Gauge({
    ...{ name: "gitops_operator_deployment_result", help: "1 for the action, and the error code, of the Deployment's last result." },
    ...{ labelNames: ["namespace", "deployment", "action", "code"] as const, registers },
  });
  const lastSuccess = new Gauge({
    ...{ name: "gitops_operator_deployment_last_success_timestamp_seconds", help: "When the Deployment was last patched or up to date." },
    ...{ labelNames: ["namespace", "deployment"] as const, registers },
  });
  const reconciles = new Counter({
    ...{ name: "controller_runtime_reconcile_total", help: "Results of Deployments, named as controller-runtime does." },
    ...{ labelNames: ["controller", "result"] as const, registers },
  });
  const errors = new Counter({
    ...{ name: "controller_runtime_reconcile_errors_total", help: "Failed results of Deployments, named as controller-runtime does." },
    ...{ labelNames: ["controller"] as const, registers },
  });
  const reconcileSeconds = new Histogram({
    ...{ name: "controller_runtime_reconcile_time_seconds", help: "Time of runs without the queue, named as controller-runtime does." },
    ...{ labelNames: ["controller"] as const, buckets, registers },
  });
  const depth = new Gauge({
    ...{ name: "workqueue_depth", help: "Runs that wait for a place, named as controller-runtime does." },
    ...{ labelNames: ["name", "controller"] as const, registers },
  });

  const active = new Set<ActiveRun>();
  /** What each Deployment's series say. */
  const shown = new Map<string, { readonly name: Name; action: string; code: string }>();

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

  function ended({ namespace, deployment, outcome }: Result): void {
    const action = outcome.kind;
    const code = outcome.kind === "failed" ? outcome.error.code : "";
    runs.inc({ action });
    reconciles.inc({ controller, result: RESULTS[action] });
    if (action === "failed") errors.inc({ controller });
    const name = { namespace, deployment };
    if (action === "patched" || action === "up_to_date") lastSuccess.set(name, Date.now() / 1_000);
    const id = idOf(name);
    const before = shown.get(id);
    if (before?.action === action && before.code === code) return;
    if (before) lastResult.remove({ ...name, action: before.action, code: before.code });
    shown.set(id, { name, action, code });
    lastResult.set({ ...name, action, code }, 1);
  }

  function refresh(tracked: readonly Name[]): void {
    const ids = new Set(tracked.map(idOf));
    for (const [id, { name, action, code }] of shown) {
      if (ids.has(id)) continue;
      shown.delete(id);
      lastResult.remove({ ...name, action, code });
      lastSuccess.remove({ ...name });
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

  return { runStarted, called: (kind) => calls.inc({ kind }), ended, refresh };
}
