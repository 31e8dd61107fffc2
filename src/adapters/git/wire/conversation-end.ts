/** When a conversation with a remote has to end: at its deadline, or soon after the operator was told to stop. */
import { ReconcileError } from "../../../errors.ts";

export function createConversationEnds({ deadlineMs, stopping }: { deadlineMs: number; stopping: AbortSignal }) {
  let stoppedAt = performance.now();
  const noteStop = () => {
    stoppedAt = performance.now();
  };
  stopping.addEventListener("abort", noteStop, { once: true });
  return {
    /** `graceMs`: how long after the stop it may go on; asked when the stop comes, or now when it has come. */
    begin(name: string, graceMs: () => number) {
      const end = new AbortController();
      const overdue = () =>
        new ReconcileError("git_unreachable", `${name} did not answer within ${deadlineMs / 1000} s; it is asked again at the next pass`);
      const deadline = setTimeout(() => end.abort(overdue()), deadlineMs);
      let grace: NodeJS.Timeout | undefined;
      const onStop = () => {
        const leftMs = stoppedAt + graceMs() - performance.now();
        const stop = () => end.abort(new ReconcileError("shutdown", "the operator is shutting down; the next start looks again"));
        if (leftMs <= 0) stop();
        else grace = setTimeout(stop, leftMs);
      };
      // By hand: Node keeps an AbortSignal.any() with listeners for as long as its longest-lived source.
      stopping.addEventListener("abort", onStop, { once: true });
      if (stopping.aborted) onStop();
      return {
        /** Aborts with the failure to answer. */
        signal: end.signal,
        /** The conversation is over. */
        cancel() {
          clearTimeout(deadline);
          clearTimeout(grace);
          stopping.removeEventListener("abort", onStop);
        },
      };
    },
  };
}
