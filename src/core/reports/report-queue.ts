/** Which marks are to be looked at, host by host: the namespaces in turn, one at a time, and ever later while the host does not answer. */
import { createFairQueue } from "../../sharing/fair-queue.ts";
import type { Clock } from "../ports.ts";

export interface QueuedMark {
  readonly host: string;
  readonly namespace: string;
  /** Of the workload, as `idOf` makes it. */
  readonly id: string;
  readonly sha: string;
}

interface ReportQueueOptions {
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  /** Whether the host answered. Never rejects. */
  readonly deliver: (mark: QueuedMark) => Promise<"answered" | "unanswered">;
  /** There was no room: the namespace that has most waiting gives way. */
  readonly onDropped: (mark: QueuedMark) => void;
}

/** Of each host; there are no more hosts than FORGES and the list of public forges name. */
const MOST_WAITING_BYTES = 512 * 1024;
const MARK_BYTES = 256;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export function createReportQueue({ clock, stopping, deliver, onDropped }: ReportQueueOptions) {
  const hosts = new Map<string, ReturnType<typeof createFairQueue<QueuedMark>>>();

  /** Until nothing waits. */
  async function work(host: string, waiting: ReturnType<typeof createFairQueue<QueuedMark>>): Promise<void> {
    let unanswered = 0;
    for (let mark = waiting.shift(); mark && !stopping.aborted; mark = waiting.shift()) {
      unanswered = (await deliver(mark)) === "answered" ? 0 : unanswered + 1;
      if (unanswered === 0) continue;
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (unanswered - 1));
      await clock.sleep(pauseMs, stopping).catch(() => undefined);
    }
    hosts.delete(host);
  }

  return {
    push(mark: QueuedMark): void {
      if (stopping.aborted) return;
      const known = hosts.get(mark.host);
      const waiting = known ?? createFairQueue<QueuedMark>(MOST_WAITING_BYTES, ({ id, sha }) => MARK_BYTES + 2 * (id.length + sha.length));
      for (const gone of waiting.push(mark.namespace, mark)) onDropped(gone);
      if (known) return;
      hosts.set(mark.host, waiting);
      void work(mark.host, waiting);
    },
  };
}
