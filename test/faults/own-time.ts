import { readFileSync } from "node:fs";

/**
 * Starts a clock in milliseconds that leaves out what these threads waited, ready to run, for a processor: the machine's other work is not a
 * program's delay. A thread's name is its folder below /proc, `PID/task/TID` or `thread-self`. Where the kernel does not tell (proc(5),
 * schedstat), nothing is left out. `inTurn`: they wait one after the other, as who asks and who answers do; else they may have waited at the same time.
 */
export function startOwnTime(threads: readonly string[], inTurn = false): () => number {
  const startedAt = performance.now();
  const before = threads.map(waitedMs);
  return () => {
    const waits = threads.map((thread, i) => waitedMs(thread) - (before[i] ?? 0));
    return performance.now() - startedAt - (inTurn ? waits.reduce((sum, ms) => sum + ms, 0) : Math.max(...waits));
  };
}

function waitedMs(thread: string): number {
  try {
    return Number(readFileSync(`/proc/${thread}/schedstat`, "utf8").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}

/** The thread that runs the event loop of a Node process. */
export function loopOf(pid: number): string {
  return `${pid}/task/${pid}`;
}
