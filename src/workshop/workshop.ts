/** Threads for work on what came from outside: it can be ended there, and keeps nobody else from being served. */
import { ReconcileError } from "../errors.ts";
import { createFairQueue } from "../sharing/fair-queue.ts";
import { giveAway } from "./give-away.ts";
import type { Jobs } from "./jobs.ts";
import type { Answer } from "./serve-jobs.ts";
import { type Ending, startWorkerThread, type WorkerThread, type WorkLimits } from "./worker-thread.ts";

type JobName = keyof Jobs;
type JobInput<J extends JobName> = Parameters<Jobs[J]>[0];
type JobOutput<J extends JobName> = Awaited<ReturnType<Jobs[J]>>;

/** For whom, and of what. */
export interface JobContext {
  /** Whose share it takes: namespaces take turns, and each has one thread at most. */
  readonly namespace: string;
  /** What is read, and of what, as in "reading … took too long". */
  readonly what: string;
  /** What to do about it when it costs too much. */
  readonly remedy: string;
  /** What it may hold beside what every job may; it may take longer in proportion, and one such job is done at a time. Default: none. */
  readonly moreBytes?: number;
  /** Aborted: the job is not begun, or its thread is ended, and the promise rejects with the reason. */
  readonly signal?: AbortSignal;
}

export type Workshop = ReturnType<typeof createWorkshop>;

/** For tests: what the threads run instead, and for how long. */
export interface WorkshopOptions {
  readonly program?: URL;
  readonly jobMs?: number;
  readonly idleMs?: number;
}

/** A job as it waits. */
interface Task {
  readonly namespace: string;
  /** It may hold more than every job may. */
  readonly isLarge: boolean;
  readonly work: (thread: WorkerThread) => Promise<void>;
  /** There is no room for it. */
  readonly giveUp: () => void;
  readonly bytes: number;
}

/** The second is for other namespaces than the one that has the first. */
const MOST_THREADS = 2;
/** Of processor time. A manifest of 1 MiB takes a tenth of it at worst. */
const JOB_MS = 10_000;
/** What a job may hold. A manifest of 1 MiB takes 80 MB at worst. */
const MOST_BYTES = 128 * 2 ** 20;
const IDLE_MS = 5_000;
/** Of inputs that wait. */
const MOST_WAITING_BYTES = 64 * 2 ** 20;
/** A job that waits costs something even without input. */
const LEAST_BYTES = 1_024;

const isSource = import.meta.url.endsWith(".ts");
const PROGRAM = new URL(isSource ? "./thread.ts" : "./workshop.cjs", import.meta.url);

export function createWorkshop({ program = PROGRAM, jobMs = JOB_MS, idleMs = IDLE_MS }: WorkshopOptions = {}) {
  const closing = new AbortController();
  const waiting = createFairQueue<Task>(MOST_WAITING_BYTES, ({ bytes }) => bytes);
  /** By namespace. */
  const working = new Map<string, Task>();
  const threads = new Set<WorkerThread>();
  /** The one that worked last comes last. */
  const idle: WorkerThread[] = [];
  let idleTimer: NodeJS.Timeout | undefined;

  function serve(): void {
    while (working.size < MOST_THREADS) {
      const isLargeAtWork = working.values().some(({ isLarge }) => isLarge);
      const task = waiting.shift((namespace, { isLarge }) => !working.has(namespace) && !(isLarge && isLargeAtWork));
      if (task === undefined) return;
      void serveOne(task);
    }
  }

  async function serveOne(task: Task): Promise<void> {
    working.set(task.namespace, task);
    const thread = rested() ?? startWorkerThread(program);
    threads.add(thread);
    await task.work(thread);
    working.delete(task.namespace);
    if (thread.isUsable && !task.isLarge && !closing.signal.aborted) idle.push(thread);
    else end(thread);
    clearTimeout(idleTimer);
    idleTimer = setTimeout(() => idle.splice(0).forEach(end), idleMs).unref();
    serve();
  }

  /** One may have died meanwhile. */
  function rested(): WorkerThread | undefined {
    const thread = idle.pop();
    if (!thread || thread.isUsable) return thread;
    end(thread);
    return rested();
  }

  function end(thread: WorkerThread): void {
    threads.delete(thread);
    void thread.end();
  }

  return {
    /**
     * Rejects with what the job throws as a ReconcileError; with `work_limit` when it takes too long or too much memory, or its thread dies.
     * Typed arrays of the input are handed over: they are empty here afterwards. A Buffer arrives as a Uint8Array.
     */
    run<J extends JobName>(job: J, input: JobInput<J>, context: JobContext): Promise<JobOutput<J>> {
      const { promise, resolve, reject } = Promise.withResolvers<JobOutput<J>>();
      const signal = context.signal ? AbortSignal.any([closing.signal, context.signal]) : closing.signal;
      if (signal.aborted) return Promise.reject(signal.reason);
      const given = giveAway({ job, input });
      const { moreBytes = 0 } = context;
      const limits = { memoryBytes: MOST_BYTES + moreBytes + given.bytes, cpuMs: jobMs * (1 + moreBytes / MOST_BYTES) };
      const onAbort = () => fail(signal.reason);
      const fail = (error: unknown) => {
        waiting.remove(context.namespace, task);
        signal.removeEventListener("abort", onAbort);
        reject(error);
      };
      const task: Task = {
        namespace: context.namespace,
        isLarge: moreBytes > 0,
        async work(thread) {
          signal.removeEventListener("abort", onAbort);
          const ending = await thread.work(given, limits, signal);
          if (ending.kind === "done") resolve(ending.output as JobOutput<J>);
          else reject(ending.kind === "aborted" ? signal.reason : failure(ending, context, limits));
        },
        giveUp: () => fail(tooMuchWaits(context)),
        bytes: given.bytes + LEAST_BYTES,
      };
      signal.addEventListener("abort", onAbort);
      for (const gone of waiting.push(context.namespace, task)) gone.giveUp();
      serve();
      return promise;
    },
    /** Ends all threads; what is asked of them, now and later, rejects with `shutdown`. */
    async close(): Promise<void> {
      closing.abort(new ReconcileError("shutdown", "the operator is shutting down"));
      clearTimeout(idleTimer);
      await Promise.all([...threads].map((thread) => thread.end()));
      threads.clear();
    },
  };
}

function tooMuchWaits({ what, namespace }: JobContext): ReconcileError {
  const problem = `too much waits to be read for this namespace, so reading ${what} was given up`;
  const message = `${problem}; the next pass tries again, and fewer or smaller files come through sooner`;
  return new ReconcileError("work_limit", message, { shareOf: namespace });
}

function failure(
  ending: Exclude<Ending, { kind: "done" } | { kind: "aborted" }>,
  context: JobContext,
  { cpuMs }: WorkLimits,
): ReconcileError {
  const { what, remedy } = context;
  if (ending.kind === "refused") return new ReconcileError(ending.code, ending.message);
  if (ending.kind === "threw") return new ReconcileError("internal", `reading ${what} failed unexpectedly: ${ending.message}`);
  return new ReconcileError("work_limit", `reading ${what} ${whyEnded(ending, cpuMs)}, so it was given up; ${remedy}`);
}

function whyEnded(ending: Exclude<Ending, Answer | { kind: "aborted" }>, cpuMs: number): string {
  if (ending.kind === "late") return `took more than ${Math.ceil(cpuMs / 1_000)} seconds of a processor`;
  if (ending.kind === "out of memory") return "took more memory than a thread may have";
  return `ended the thread that did it (${ending.reason})`;
}
