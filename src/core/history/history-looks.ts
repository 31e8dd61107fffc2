/** When the histories of branches are looked at: the namespaces in turn, few at once, and each within a deadline, so that none waits for another's host. */
import { ReconcileError } from "../../errors.ts";
import { createSlots } from "../../sharing/slots.ts";
import { unlessAborted } from "../../sharing/unless-aborted.ts";

interface HistoryLooksOptions<Of> {
  /** Never rejects. The signal aborts at the deadline, or when the operator is to stop; what goes on then holds no place. */
  readonly look: (branch: string, of: Of, signal: AbortSignal) => Promise<void>;
  readonly stopping: AbortSignal;
  /** For tests: shorter. */
  readonly times?: Partial<typeof TIMES>;
}

const TIMES = {
  /** What people wait for goes first: the next pass of a caller that asks again at once, too. */
  quietMs: 2_000,
  /** Who waits longer for a host keeps his place from no other. */
  leaseMs: 5_000,
  deadlineMs: 30_000,
};
const AT_ONCE = 2;

export function createHistoryLooks<Of extends { readonly namespace: string }>({ look, stopping, times }: HistoryLooksOptions<Of>) {
  const { quietMs, leaseMs, deadlineMs } = { ...TIMES, ...times };
  const slots = createSlots(AT_ONCE, leaseMs);
  /** By branch and key, one of those who read it. */
  const due = new Map<string, Of>();
  /** Their looks wait for a place, or have not ended. */
  const begun = new Set<string>();
  let isQuiet = false;

  function beginSoon(): void {
    if (isQuiet) return;
    isQuiet = true;
    setTimeout(beginAll, quietMs).unref();
  }

  function beginAll(): void {
    isQuiet = false;
    for (const [branch, of] of due) {
      if (stopping.aborted || begun.has(branch)) continue;
      due.delete(branch);
      void lookInTurn(branch, of);
    }
  }

  async function lookInTurn(branch: string, of: Of): Promise<void> {
    begun.add(branch);
    const release = await slots.acquire(of.namespace);
    const end = new AbortController();
    const stop = () => end.abort(stopping.reason);
    stopping.addEventListener("abort", stop, { once: true });
    if (stopping.aborted) stop();
    const late = new ReconcileError("git_unreachable", `its host did not answer within ${deadlineMs / 1_000} s`);
    const timer = setTimeout(() => end.abort(late), deadlineMs).unref();
    const looked = look(branch, of, end.signal).finally(() => {
      begun.delete(branch);
      if (due.has(branch)) beginSoon();
    });
    await unlessAborted(looked, end.signal).catch(() => undefined);
    clearTimeout(timer);
    stopping.removeEventListener("abort", stop);
    release();
  }

  return (branch: string, of: Of): void => {
    if (stopping.aborted) return;
    due.set(branch, of);
    beginSoon();
  };
}
