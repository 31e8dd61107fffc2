/** All metrics: told of what happens, asked by Prometheus. Labels are bounded: never a URL, a SHA or a message. */
import { collectDefaultMetrics, Registry } from "prom-client";
import { createHookMetrics } from "./hook-metrics.ts";
import { createHttpMetrics } from "./http-metrics.ts";
import { createOutsideMetrics } from "./outside-metrics.ts";
import { createRunMetrics } from "./run-metrics.ts";
import { createStateMetrics, type State } from "./state-metrics.ts";

/** Gauges that are named like counters, which promtool refuses; `nodejs_active_handles` and the like tell the same by type. */
const MISNAMED = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

export function createMetrics(version: string, { hasHooks }: { readonly hasHooks: boolean }) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const { refresh, ...runs } = createRunMetrics(registry);
  const outside = createOutsideMetrics(registry);
  const setState = createStateMetrics(registry, version);

  return {
    ...runs,
    ...outside,
    ...createHookMetrics(registry, hasHooks),
    requestStarted: createHttpMetrics(registry),
    /** In Prometheus's text format. */
    async render(state: State): Promise<{ readonly contentType: string; readonly text: string }> {
      refresh(state.tracked);
      setState(state);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
