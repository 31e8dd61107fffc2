import { Worker } from "node:worker_threads";
import type { Given } from "./give-away.ts";
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
  work(given: Given<Order>, deadlineMs: number, signal: AbortSignal): Promise<Ending>;
  end(): Promise<unknown>;
}

/** Of values and buffers beside the input, with what is not collected yet. The worst manifest of 1 MiB takes 80 MB. */
const MOST_BYTES = 128 * 2 ** 20;
const MEASURE_MS = 20;
/** The last resort: a thread that V8 has to stop for its memory may take the whole process along (array backing stores), so it is measured before. */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

export function startWorkerThread(program: URL): WorkerThread {
  // Nothing of the operator's own environment is any job's business.
  const worker = new Worker(program, { name: "workshop", resourceLimits, env: {}, execArgv: [] });
  let isUsable = true;
  let isMeasuring = false;
  let mostBytes = MOST_BYTES;
  let settle: ((ending: Ending) => void) | undefined;

  const stop = (ending: Ending) => {
    isUsable = false;
    settle?.(ending);
    return worker.terminate();
  };
  const measure = async () => {
    if (isMeasuring) return;
    isMeasuring = true;
    // Rejects when the thread has ended meanwhile, which is told elsewhere.
    const memory = await worker.getHeapStatistics().catch(() => undefined);
    isMeasuring = false;
    if (memory && memory.used_heap_size + memory.external_memory > mostBytes) void stop({ kind: "out of memory" });
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
    async work({ value, buffers, bytes }, deadlineMs, signal) {
      mostBytes = MOST_BYTES + bytes;
      const { promise, resolve } = Promise.withResolvers<Ending>();
      settle = resolve;
      const onAbort = () => void stop({ kind: "aborted" });
      const measuring = setInterval(measure, MEASURE_MS);
      const deadline = setTimeout(() => void stop({ kind: "late" }), deadlineMs);
      signal.addEventListener("abort", onAbort);
      worker.ref();
      try {
        worker.postMessage(value, buffers);
        return await promise;
      } catch (error) {
        return { kind: "threw", message: (error as Error).message };
      } finally {
        clearTimeout(deadline);
        clearInterval(measuring);
        signal.removeEventListener("abort", onAbort);
        worker.unref();
        settle = undefined;
      }
    },
    end: () => stop({ kind: "aborted" }),
  };
}
