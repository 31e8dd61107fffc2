/** Looks at the cache of workloads while something is awaited there. */
import type { Workloads } from "./cluster-ports.ts";
import { idOf, type Workload, type WorkloadRecord } from "./types.ts";

interface RecordLooksOptions {
  readonly workloads: Pick<Workloads, "get">;
  /** Those that something is awaited of, asked each time; when there are none, the looks end. */
  readonly watched: () => Iterable<Workload>;
  /** It is another record than at the last look, or none any more. */
  readonly onRecord: (workload: Workload, record: WorkloadRecord | undefined) => void;
  readonly stopping: AbortSignal;
}

const LOOK_MS = 1_000;

/** A record is never changed, only replaced: one that was looked at says nothing new. */
export function createRecordLooks({ workloads, watched, onRecord, stopping }: RecordLooksOptions) {
  let seen = new Map<string, WorkloadRecord | undefined>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    const before = seen;
    seen = new Map();
    for (const workload of [...watched()]) {
      const id = idOf(workload);
      const record = workloads.get(workload);
      seen.set(id, record);
      if (!before.has(id) || before.get(id) !== record) onRecord(workload, record);
    }
    if (seen.size === 0) stop();
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }
  stopping.addEventListener("abort", stop, { once: true });

  return {
    /** Its record is looked at again: something else is awaited of it. */
    again: (workload: Workload) => seen.delete(idOf(workload)),
    /** Something is awaited. */
    start(): void {
      if (!stopping.aborted) timer ??= setInterval(look, LOOK_MS).unref();
    },
  };
}
