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

export interface WorkLimits {
  /** Of values and buffers beside what the thread held before, with what is not collected yet. */
  readonly memoryBytes: number;
  /** Of processor time, so that it does not count what else the machine does. */
  readonly cpuMs: number;
}

export type WorkerThread = ReturnType<typeof startWorkerThread>;

const MEASURE_MS = 20;
/** By the clock, for each millisecond of processor time: where a job waits for something, or the machine gives hardly any time. */
const CLOCK_FACTOR = 10;
/** The last resort: a thread that V8 has to stop for its memory may take the whole process along (array backing stores), so it is measured before. */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

export function startWorkerThread(program: URL) {
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

  /** Ends the thread when the limits are passed; returns what ends the watch. */
  function watch({ memoryBytes, cpuMs }: WorkLimits): () => void {
    let begun: Awaited<ReturnType<typeof usageOf>> | undefined;
    let isAsked = false;
    const timer = setInterval(async () => {
      if (isAsked) return;
      isAsked = true;
      // Rejects when the thread has ended meanwhile, which is told elsewhere.
      const now = await usageOf(worker).catch(() => undefined);
      isAsked = false;
      if (!now || isOver) return;
      begun ??= now;
      if (now.bytes - begun.bytes > memoryBytes) void stop({ kind: "out of memory" });
      else if (now.cpuMs - begun.cpuMs > cpuMs) void stop({ kind: "late" });
    }, MEASURE_MS);
    const clock = setTimeout(() => void stop({ kind: "late" }), CLOCK_FACTOR * cpuMs);
    let isOver = false;
    return () => {
      isOver = true;
      clearInterval(timer);
      clearTimeout(clock);
    };
  }

  return {
    /** False once it has ended, for whatever reason. */
    get isUsable() {
      return isUsable;
    },
    /** One at a time; never rejects. Unless the job answers, the thread is ended. */
    async work({ value, buffers }: Given<Order>, limits: WorkLimits, signal: AbortSignal): Promise<Ending> {
      const { promise, resolve } = Promise.withResolvers<Ending>();
      settle = resolve;
      const onAbort = () => void stop({ kind: "aborted" });
      const endWatch = watch(limits);
      signal.addEventListener("abort", onAbort);
      worker.ref();
      try {
        worker.postMessage(value, buffers);
        return await promise;
      } catch (error) {
        return { kind: "threw", message: (error as Error).message };
      } finally {
        endWatch();
        signal.removeEventListener("abort", onAbort);
        worker.unref();
        settle = undefined;
      }
    },
    end: () => stop({ kind: "aborted" }),
  };
}

async function usageOf(worker: Worker): Promise<{ bytes: number; cpuMs: number }> {
  const [heap, cpu] = await Promise.all([worker.getHeapStatistics(), worker.cpuUsage()]);
  return { bytes: heap.used_heap_size + heap.external_memory, cpuMs: (cpu.user + cpu.system) / 1_000 };
}
