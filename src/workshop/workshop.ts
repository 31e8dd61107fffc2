/** Threads for work on what came from outside: it can be ended there, and keeps nobody else from being served. */
import { createFairQueue } from "../core/fair-queue.ts";
import { ReconcileError } from "../errors.ts";
import { giveAway } from "./give-away.ts";
import type { Jobs } from "./jobs.ts";
import type { Answer } from "./serve-jobs.ts";
import { type Ending, startWorkerThread, type WorkerThread } from "./worker-thread.ts";

export type JobName = keyof Jobs;
export type JobInput<J extends JobName> = Parameters<Jobs[J]>[0];
export type JobOutput<J extends JobName> = Awaited<ReturnType<Jobs[J]>>;

/** For whom, and of what. */
export interface JobContext {
  /** Whose share it takes: namespaces take turns, and each has one thread at most. */
  readonly namespace: string;
  /** What is read, and of what, as in "reading … took too long". */
  readonly what: string;
  /** What to do about it when it costs too much. */
  readonly remedy: string;
  /** Of a file that the job reads by itself: the thread may take as much more memory, and while the job waits nobody does. */
  readonly fileBytes?: number;
  /** For a job whose work is bounded by other means, and may take longer than others. */
  readonly deadlineMs?: number;
  /** Aborted: the job is not begun, or its thread is ended, and the promise rejects with the reason. */
  readonly signal?: AbortSignal;
}

export interface Workshop {
  /**
   * Rejects with what the job throws as a ReconcileError; with `work_limit` when it takes too long or too much memory, or its thread dies.
   * Typed arrays of the input are handed over: they are empty here afterwards. A Buffer arrives as a Uint8Array.
   */
  run<J extends JobName>(job: J, input: JobInput<J>, context: JobContext): Promise<JobOutput<J>>;
  /** Ends all threads; what is asked of them, now and later, rejects with `shutdown`. */
  close(): Promise<void>;
}

export interface WorkshopOptions {
  /** For tests: what the threads run instead. */
  readonly program?: URL;
  readonly jobMs?: number;
  readonly idleMs?: number;
}

/** A job as it waits. */
interface Task {
  readonly namespace: string;
  readonly work: (thread: WorkerThread) => Promise<void>;
  /** There is no room for it. */
  readonly giveUp: () => void;
  readonly bytes: number;
  /** What it read is not collected for long, and would count as the next job's. */
  readonly isThreadsLast: boolean;
  isOver: boolean;
}

/** The second is for other namespaces than the one that has the first. */
const MOST_THREADS = 2;
/** The largest inputs that are allowed take a tenth of it. */
const JOB_MS = 10_000;
const IDLE_MS = 5_000;
/** A job of more takes seconds, beside which a new thread is nothing. */
const MOST_BYTES_FOR_REUSE = 8 * 2 ** 20;
/** Of inputs that wait. */
const MOST_WAITING_BYTES = 64 * 2 ** 20;
/** A job that waits costs something even without input. */
const LEAST_BYTES = 1_024;

const isSource = import.meta.url.endsWith(".ts");
const PROGRAM = new URL(isSource ? "./thread.ts" : "./workshop.cjs", import.meta.url);

export function createWorkshop({ program = PROGRAM, jobMs = JOB_MS, idleMs = IDLE_MS }: WorkshopOptions = {}): Workshop {
  const closing = new AbortController();
  const waiting = createFairQueue<Task>(MOST_WAITING_BYTES, ({ bytes }) => bytes);
  const working = new Set<string>();
  const threads = new Set<WorkerThread>();
  /** The one that worked last comes last. */
  const idle: WorkerThread[] = [];
  let idleTimer: NodeJS.Timeout | undefined;

  function serve(): void {
    while (working.size < MOST_THREADS) {
      const task = waiting.shift((namespace) => !working.has(namespace));
      if (task === undefined) return;
      if (!task.isOver) void serveOne(task);
    }
  }

  async function serveOne({ namespace, work, isThreadsLast }: Task): Promise<void> {
    working.add(namespace);
    const rested = idle.pop();
    const thread = rested?.isUsable ? rested : start();
    await work(thread);
    working.delete(namespace);
    if (thread.isUsable && !isThreadsLast && !closing.signal.aborted) idle.push(thread);
    else {
      threads.delete(thread);
      void thread.end();
    }
    clearTimeout(idleTimer);
    idleTimer = setTimeout(endIdle, idleMs).unref();
    serve();
  }

  function start(): WorkerThread {
    const thread = startWorkerThread(program);
    threads.add(thread);
    return thread;
  }

  function endIdle(): void {
    for (const thread of idle.splice(0)) {
      threads.delete(thread);
      void thread.end();
    }
  }

  return {
    run<J extends JobName>(job: J, input: JobInput<J>, context: JobContext): Promise<JobOutput<J>> {
      const { promise, resolve, reject } = Promise.withResolvers<JobOutput<J>>();
      const signal = context.signal ? AbortSignal.any([closing.signal, context.signal]) : closing.signal;
      if (signal.aborted) return Promise.reject(signal.reason);
      const given = giveAway({ job, input });
      const deadlineMs = context.deadlineMs ?? jobMs;
      const threadBytes = given.bytes + (context.fileBytes ?? 0);
      const onAbort = () => fail(signal.reason);
      const fail = (error: unknown) => {
        task.isOver = true;
        signal.removeEventListener("abort", onAbort);
        reject(error);
      };
      const task: Task = {
        namespace: context.namespace,
        async work(thread) {
          signal.removeEventListener("abort", onAbort);
          const ending = await thread.work({ ...given, bytes: threadBytes }, deadlineMs, signal);
          if (ending.kind === "done") resolve(ending.output as JobOutput<J>);
          else reject(ending.kind === "aborted" ? signal.reason : failure(ending, context, deadlineMs));
        },
        giveUp: () => fail(tooMuchWaits(context)),
        bytes: given.bytes + LEAST_BYTES,
        isThreadsLast: threadBytes > MOST_BYTES_FOR_REUSE,
        isOver: false,
      };
      signal.addEventListener("abort", onAbort);
      for (const gone of waiting.push(context.namespace, task)) gone.giveUp();
      serve();
      return promise;
    },
    async close() {
      closing.abort(new ReconcileError("shutdown", "the operator is shutting down"));
      clearTimeout(idleTimer);
      await Promise.all([...threads].map((thread) => thread.end()));
      threads.clear();
    },
  };
}

function tooMuchWaits({ what }: JobContext): ReconcileError {
  const problem = `too much waits to be read for this namespace, so reading ${what} was given up`;
  return new ReconcileError("work_limit", `${problem}; the next pass tries again, and fewer or smaller files come through sooner`);
}

function failure(
  ending: Exclude<Ending, { kind: "done" } | { kind: "aborted" }>,
  { what, remedy }: JobContext,
  deadlineMs: number,
): ReconcileError {
  if (ending.kind === "refused") return new ReconcileError(ending.code, ending.message);
  if (ending.kind === "threw") return new ReconcileError("internal", `reading ${what} failed unexpectedly: ${ending.message}`);
  return new ReconcileError("work_limit", `reading ${what} ${whyEnded(ending, deadlineMs)}, so it was given up; ${remedy}`);
}

function whyEnded(ending: Exclude<Ending, Answer | { kind: "aborted" }>, deadlineMs: number): string {
  if (ending.kind === "late") return `took longer than ${deadlineMs / 1_000} seconds`;
  if (ending.kind === "out of memory") return "took more memory than a thread may have";
  return `ended the thread that did it (${ending.reason})`;
}
