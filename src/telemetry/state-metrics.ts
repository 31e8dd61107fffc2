/** What is read when somebody looks: cache, watch, chat, limits, disk. */
import type { Gauge, Registry } from "prom-client";
import type { Workload } from "../core/types.ts";
import { metricKinds } from "./metric-kinds.ts";

export interface State {
  readonly tracked: readonly Workload[];
  readonly incompleteCount: number;
  readonly synced: boolean;
  readonly watchAgeMs: number;
  readonly refusedNamespaces: number;
  /** Since the start, like the notifications. */
  readonly watchRestarts: number;
  readonly notifications: { readonly delivered: number; readonly failed: number; readonly dropped: number };
  /** Undefined while no limit is known. */
  readonly githubRateRemaining: number | undefined;
  /** Undefined when it can't be read. */
  readonly workDirBytes: number | undefined;
}

export function createStateMetrics(register: Registry, version: string): (state: State) => void {
  const { counter, gauge } = metricKinds(register, "gitops_operator_");
  const tracked = gauge("tracked_deployments", "Deployments with all required annotations, disabled ones included.");
  const incomplete = gauge("incomplete_deployments", "Deployments of which a required annotation is missing; /status names them.");
  const synced = gauge("cache_synced", "1 once the Deployments were listed, of each namespace that may be.");
  const age = gauge("watch_age_seconds", "Time since the API server was last heard; nothing is pushed past 300.");
  const refused = gauge("refused_namespaces", "Namespaces whose Deployments RBAC does not let the operator list; /status names them.");
  const rate = gauge("github_rate_remaining", "Requests left to the GitHub token nearest to its limit; absent while none is known.");
  const disk = gauge("work_directory_bytes", "Bytes of files below WORK_DIR, at most a minute old; absent when it can't be read.");
  const restarts = counter("watch_restarts_total", "Failures after which the Deployments were listed and watched anew.");
  const notifications = counter("notifications_total", "Chat messages by what became of them.", "result");
  const build = gauge("build_info", "1, with the versions of the operator and of Node.", "version", "node_version");
  build.set({ version, node_version: process.versions.node }, 1);

  return (state) => {
    tracked.set(state.tracked.length);
    incomplete.set(state.incompleteCount);
    synced.set(state.synced ? 1 : 0);
    age.set(state.watchAgeMs / 1_000);
    refused.set(state.refusedNamespaces);
    setOrRemove(rate, state.githubRateRemaining);
    setOrRemove(disk, state.workDirBytes);
    restarts.reset();
    restarts.inc(state.watchRestarts);
    for (const [result, count] of Object.entries(state.notifications)) {
      notifications.remove({ result });
      notifications.inc({ result }, count);
    }
  };
}

function setOrRemove(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}
