/** All metrics: told of what happens, asked by Prometheus. Labels are bounded: never a URL, a SHA or a message. */
import { collectDefaultMetrics, Registry } from "prom-client";
import type { Observer } from "../core/observer.ts";
import type { Result } from "../core/types.ts";
import { createHttpMetrics } from "./http-metrics.ts";
import { createOutsideMetrics } from "./outside-metrics.ts";
import { createRunMetrics } from "./run-metrics.ts";
import { createStateMetrics, type State } from "./state-metrics.ts";

interface Metrics extends Observer {
  /** Every result, those without a run too. */
  ended(result: Result): void;
  readonly requestStarted: ReturnType<typeof createHttpMetrics>;
  /** In Prometheus's text format. */
  render(state: State): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Gauges that are named like counters, which promtool refuses; `nodejs_active_handles` and the like tell the same by type. */
const MISNAMED = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const runs = createRunMetrics(registry);
  const outside = createOutsideMetrics(registry);
  const setState = createStateMetrics(registry, version);

  return {
    ...outside,
    runStarted: runs.runStarted,
    called: runs.called,
    ended: runs.ended,
    requestStarted: createHttpMetrics(registry),
    async render(state) {
      runs.refresh(state.tracked);
      setState(state);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
