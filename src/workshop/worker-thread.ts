import { Worker } from "node:worker_threads";
import type { Answer, Order } from "./serve-jobs.ts";

/** How an order ended: as the job says, or with the thread. */
export type Ending =
  | Answer
  | { readonly kind: "late" }
  | { readonly kind: "aborted" }
  | { readonly kind: "out of memory" }
  /** `reason`: of a thread that could not start, or ended itself. */
  | { readonly kind: "died"; readonly reason: string };

export interface WorkerThread {
  /** False once it has ended, for whatever reason. */
  readonly isUsable: boolean;
  /** One at a time; never rejects. Unless the job answers, the thread is ended. */
  work(order: Order, buffers: readonly ArrayBuffer[], deadlineMs: number, signal: AbortSignal): Promise<Ending>;
  end(): Promise<unknown>;
}

/** Its values and code; the memory of buffers comes on top, and follows from what a job is given. A file of 1 MiB takes 150 MB at worst. */
const resourceLimits = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

export function startWorkerThread(program: URL): WorkerThread {
  // Nothing of the operator's own environment is any job's business.
  const worker = new Worker(program, { name: "workshop", resourceLimits, env: {}, execArgv: [] });
  let isUsable = true;
  let settle: ((ending: Ending) => void) | undefined;

  const stop = (ending: Ending) => {
    isUsable = false;
    settle?.(ending);
    return worker.terminate();
  };
  worker.on("message", (answer: Answer) => (answer.kind === "threw" ? void stop(answer) : settle?.(answer)));
  worker.on("error", (error: Error & { code?: string }) => {
    void stop(error.code === "ERR_WORKER_OUT_OF_MEMORY" ? { kind: "out of memory" } : { kind: "died", reason: error.message });
  });
  worker.on("exit", (code) => void stop({ kind: "died", reason: `it ended with code ${code}` }));
  // While nothing is ordered, it keeps no process alive.
  worker.unref();

  return {
    get isUsable() {
      return isUsable;
    },
    async work(order, buffers, deadlineMs, signal) {
      const { promise, resolve } = Promise.withResolvers<Ending>();
      settle = resolve;
      const onAbort = () => void stop({ kind: "aborted" });
      const deadline = setTimeout(() => void stop({ kind: "late" }), deadlineMs);
      signal.addEventListener("abort", onAbort);
      worker.ref();
      try {
        worker.postMessage(order, buffers);
        return await promise;
      } catch (error) {
        return { kind: "threw", message: (error as Error).message };
      } finally {
        clearTimeout(deadline);
        signal.removeEventListener("abort", onAbort);
        worker.unref();
        settle = undefined;
      }
    },
    end: () => stop({ kind: "aborted" }),
  };
}
