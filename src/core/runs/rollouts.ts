/** What becomes of pushed tags in the cluster: looked at in the cache of Deployments, as long as one is on its way. */
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import type { Workloads } from "../cluster-ports.ts";
import { isAtTag } from "../is-at-tag.ts";
import type { Observer, Push } from "../observer.ts";
import { idOf, isDeployment, type WorkloadRecord } from "../types.ts";

interface RolloutsOptions {
  readonly workloads: Pick<Workloads, "get">;
  readonly observer: Pick<Observer, "rolledOut">;
  readonly stopping: AbortSignal;
  /** Shorter in tests. */
  readonly lookMs?: number;
}

/** Some thousands. */
const MOST_PENDING_BYTES = 4 * 2 ** 20;
/** Lead times are told in buckets of fifteen seconds and more. */
const LOOK_MS = 1_000;

/** Kept in memory: of what was pushed before the start nothing is told. */
export function createRollouts({ workloads, observer, stopping, lookMs = LOOK_MS }: RolloutsOptions) {
  const pending = createBoundedMap<Push>(MOST_PENDING_BYTES, dataBytes);
  /** A record is never changed, only replaced: one that was looked at says nothing new. */
  const seen = new WeakSet<WorkloadRecord>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    let isIdle = true;
    for (const push of [...pending.values()]) {
      const result = resultOf(push);
      if (result === undefined) {
        isIdle = false;
        continue;
      }
      pending.delete(idOf(push.workload));
      if (result !== "gone") observer.rolledOut(result, push.appCommitTime);
    }
    if (isIdle) stop();
  }

  /** Undefined: it is not decided yet. */
  function resultOf(push: Push): "succeeded" | "failed" | "gone" | undefined {
    const record = workloads.get(push.workload);
    if (!record) return "gone";
    if (seen.has(record)) return undefined;
    if (isAtTag(record, push.image, push.tag)) {
      if (record.rollout === "done") return "succeeded";
      if (record.rollout === "stuck") return "failed";
    }
    seen.add(record);
    return undefined;
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }
  stopping.addEventListener("abort", stop, { once: true });

  return {
    pushed(push: Push): void {
      // Of other kinds the cluster's status is not read.
      if (!isDeployment(push.workload)) return;
      const before = pending.get(idOf(push.workload));
      if (before && before.tag !== push.tag) observer.rolledOut("superseded", before.appCommitTime);
      pending.set(idOf(push.workload), push, push.workload.namespace);
      const record = workloads.get(push.workload);
      // It was looked at for another tag.
      if (record) seen.delete(record);
      if (!stopping.aborted) timer ??= setInterval(look, lookMs).unref();
    },
  };
}
