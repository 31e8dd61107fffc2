/** What becomes of pushed tags in the cluster: looked at in the cache of Deployments, as long as one is on its way. */
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import type { Workloads } from "../cluster-ports.ts";
import { isAtTag } from "../is-at-tag.ts";
import type { Observer, Push } from "../observer.ts";
import { createRecordLooks } from "../record-looks.ts";
import { idOf, isDeployment, type WorkloadRecord } from "../types.ts";

interface RolloutsOptions {
  readonly workloads: Pick<Workloads, "get">;
  readonly observer: Pick<Observer, "rolledOut">;
  /** The tag runs, or its rollout has failed. */
  readonly onResult: (push: Push, result: "succeeded" | "failed") => void;
  readonly stopping: AbortSignal;
}

/** Some thousands. */
const MOST_PENDING_BYTES = 4 * 2 ** 20;

/** Kept in memory: of what was pushed before the start nothing is told. */
export function createRollouts({ workloads, observer, onResult, stopping }: RolloutsOptions) {
  const pending = createBoundedMap<Push>(MOST_PENDING_BYTES, dataBytes);
  const looks = createRecordLooks({
    workloads,
    stopping,
    *watched() {
      for (const { workload } of pending.values()) yield workload;
    },
    onRecord(workload, record) {
      const push = pending.get(idOf(workload));
      if (!push) return;
      const result = resultOf(push, record);
      if (result === undefined) return;
      pending.delete(idOf(workload));
      if (result === "gone") return;
      observer.rolledOut(result, push.appCommitTime);
      onResult(push, result);
    },
  });

  return {
    pushed(push: Push): void {
      // Of other kinds the cluster's status is not read.
      if (!isDeployment(push.workload)) return;
      const before = pending.get(idOf(push.workload));
      if (before && before.tag !== push.tag) observer.rolledOut("superseded", before.appCommitTime);
      pending.set(idOf(push.workload), push, push.workload.namespace);
      looks.again(push.workload);
      looks.start();
    },
  };
}

/** Undefined: it is not decided yet. */
function resultOf({ image, tag }: Push, record: WorkloadRecord | undefined): "succeeded" | "failed" | "gone" | undefined {
  if (!record) return "gone";
  if (!isAtTag(record, image, tag)) return undefined;
  if (record.rollout === "done") return "succeeded";
  return record.rollout === "stuck" ? "failed" : undefined;
}
