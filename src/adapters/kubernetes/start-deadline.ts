import { KubeError } from "./kube-error.ts";

export interface Deadline {
  /** Aborts when time is up, when an outer signal does, and at `stop`. */
  readonly signal: AbortSignal;
  readonly passed: boolean;
  readonly remainingMs: number;
  /** The promise's result, unless the signal aborts first. */
  race<T>(work: Promise<T>): Promise<T>;
  restart(): void;
  /** Ends what still runs under the signal. */
  stop(): void;
}

/** A deadline of our own: AbortSignal.any and AbortSignal.timeout on a signal that lives long would pile up until collected. */
export function startDeadline(deadlineMs: number, outer: readonly AbortSignal[]): Deadline {
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
    signal: controller.signal,
    get passed() {
      return passed;
    },
    get remainingMs() {
      return startedAt + deadlineMs - performance.now();
    },
    race<T>(work: Promise<T>) {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      function onAbort(): void {
        reject(controller.signal.reason);
      }
      if (controller.signal.aborted) onAbort();
      controller.signal.addEventListener("abort", onAbort);
      work.then(resolve, reject).finally(() => controller.signal.removeEventListener("abort", onAbort));
      return promise;
    },
    restart() {
      startedAt = performance.now();
      timer.refresh();
    },
    stop() {
      clearTimeout(timer);
      for (const signal of outer) signal.removeEventListener("abort", onOuterAbort);
      controller.abort();
    },
  };
}
