import { directorySize } from "./adapters/git/copies/directory-size.ts";
import type { WorkloadCache } from "./adapters/kubernetes/workload-cache.ts";
import { isTracked, type Parsed, type WorkloadRecord, workloadOf } from "./core/types.ts";
import { createFreshest } from "./sharing/freshest.ts";
import type { State } from "./telemetry/state-metrics.ts";

const DISK_LOOK_MS = 60_000;
const DISK_LOOK_BYTES = 64 * 1024;

interface StateReaderOptions {
  readonly workloads: WorkloadCache;
  readonly parse: (record: WorkloadRecord) => Parsed;
  readonly notifications: () => State["notifications"];
  readonly githubRateRemaining: () => number | undefined;
  readonly workDir: string;
}

/** What metrics show of now, read when somebody looks. */
export function createStateReader({ workloads, parse, workDir, ...read }: StateReaderOptions): () => Promise<State> {
  const diskLooks = createFreshest<number | undefined>(DISK_LOOK_BYTES);
  return async () => {
    const ours = workloads.list().map((record) => ({ ...workloadOf(record), parsed: parse(record) }));
    return {
      tracked: ours.filter(({ parsed }) => isTracked(parsed)),
      incompleteCount: ours.filter(({ parsed }) => parsed.kind === "incomplete").length,
      synced: workloads.synced,
      watchAgeMs: workloads.staleForMs(),
      refusedNamespaces: workloads.refusedNamespaces,
      watchRestarts: workloads.restarts,
      notifications: read.notifications(),
      githubRateRemaining: read.githubRateRemaining(),
      // What can't be read is absent, and the next look may see it.
      workDirBytes: await diskLooks.get("", performance.now() - DISK_LOOK_MS, () => directorySize(workDir).catch(() => undefined)),
    };
  };
}
