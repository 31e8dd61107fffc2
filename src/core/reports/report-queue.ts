/**
 * Which marks are to be looked at, host by host: the namespaces in turn, one at a time, and ever later while the host does not answer a namespace. Each
 * has pauses of its own: a repository can be such that its forge fails or is slow for that one alone.
 */
import { createFairQueue } from "../../sharing/fair-queue.ts";
import { createSlots } from "../../sharing/slots.ts";
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
const LONGEST_PAUSE_MS = 300_000;
/** An exchange that takes longer lets the next namespace begin. */
const LEASE_MS = 1_000;

interface Host {
  readonly waiting: ReturnType<typeof createFairQueue<QueuedMark>>;
  readonly slots: ReturnType<typeof createSlots>;
  /** Namespaces whose marks are being looked at, or are paused. */
  readonly working: Set<string>;
}

export function createReportQueue({ clock, stopping, deliver, onDropped }: ReportQueueOptions) {
  const hosts = new Map<string, Host>();

  const newHost = (): Host => ({
    waiting: createFairQueue<QueuedMark>(MOST_WAITING_BYTES, ({ id, sha }) => MARK_BYTES + 2 * (id.length + sha.length)),
    slots: createSlots(1, LEASE_MS),
    working: new Set(),
  });

  /** Until nothing of that namespace waits. */
  async function work(name: string, host: Host, namespace: string): Promise<void> {
    const { waiting, slots, working } = host;
    working.add(namespace);
    for (let unanswered = 0; !stopping.aborted; ) {
      const release = await slots.acquire(namespace);
      const mark = stopping.aborted ? undefined : waiting.shift((group) => group === namespace);
      const answer = mark && (await deliver(mark));
      release();
      if (answer === undefined) break;
      unanswered = answer === "answered" ? 0 : unanswered + 1;
      if (unanswered === 0) continue;
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (unanswered - 1));
      await clock.sleep(pauseMs, stopping).catch(() => undefined);
    }
    working.delete(namespace);
    if (working.size === 0) hosts.delete(name);
  }

  return {
    push(mark: QueuedMark): void {
      if (stopping.aborted) return;
      const host = hosts.get(mark.host) ?? newHost();
      hosts.set(mark.host, host);
      for (const gone of host.waiting.push(mark.namespace, mark)) onDropped(gone);
      if (!host.working.has(mark.namespace)) void work(mark.host, host, mark.namespace);
    },
  };
}
