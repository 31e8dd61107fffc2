import { unlessAborted } from "../../sharing/unless-aborted.ts";
import { KubeError } from "./kube-error.ts";

export type Deadline = ReturnType<typeof startDeadline>;

/** A deadline of our own: AbortSignal.any and AbortSignal.timeout on a signal that lives long would pile up until collected. */
export function startDeadline(deadlineMs: number, outer: readonly AbortSignal[]) {
  const controller = new AbortController();
  let passed = false;
  let startedAt = performance.now();
  const timer = setTimeout(() => {
    passed = true;
    controller.abort(new KubeError("deadline", `no answer within ${deadlineMs / 1000} s`));
  }, deadlineMs);
  function onOuterAbort(): void {
    controller.abort(outer.find(({ aborted }) => aborted)?.reason);
  }
  if (outer.some(({ aborted }) => aborted)) onOuterAbort();
  for (const signal of outer) signal.addEventListener("abort", onOuterAbort);
  return {
    /** Aborts when time is up, when an outer signal does, and at `stop`. */
    signal: controller.signal,
    get passed() {
      return passed;
    },
    get remainingMs() {
      return startedAt + deadlineMs - performance.now();
    },
    race: <T>(work: Promise<T>) => unlessAborted(work, controller.signal),
    restart() {
      startedAt = performance.now();
      timer.refresh();
    },
    /** Ends what still runs under the signal. */
    stop() {
      clearTimeout(timer);
      for (const signal of outer) signal.removeEventListener("abort", onOuterAbort);
      controller.abort();
    },
  };
}
