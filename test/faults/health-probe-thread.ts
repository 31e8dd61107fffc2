/** The thread of `health-probe.ts`. */
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { workerData } from "node:worker_threads";
import { FIGURES, type ProbeData } from "./health-probe.ts";

const { url, pid, localAddress, figures } = workerData as ProbeData;
const EVERY_MS = 50;
/** The kubelet gives up after so long, and asks again. */
const PATIENCE_MS = 5_000;
/** `getconf CLK_TCK`: of Linux on every machine that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Moment {
  readonly ms: number;
  /** How long its first thread and ours had been ready to run, and no processor was free for them. */
  readonly waitedMs: number;
}
/** Since when no answer has come. */
let since: Moment | undefined;

function now(): Moment {
  return { ms: performance.now(), waitedMs: waitedMs(`/proc/${pid}/task/${pid}/schedstat`) + waitedMs("/proc/thread-self/schedstat") };
}

/** proc(5): the second number, in nanoseconds. */
function waitedMs(file: string): number {
  try {
    return Number(readFileSync(file, "utf8").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}

function countSilence(): void {
  if (figures[FIGURES.anew]) {
    figures.fill(0, FIGURES.anew, FIGURES.longestOnThisMachineMs + 1);
    if (since) since = now();
  }
  if (!since) return;
  const { ms, waitedMs } = now();
  const silenceMs = ms - since.ms;
  const raise = (figure: number, value: number) => {
    figures[figure] = Math.max(figures[figure] ?? 0, value);
  };
  raise(FIGURES.longestOnThisMachineMs, silenceMs);
  raise(FIGURES.longestMs, Math.max(0, silenceMs - (waitedMs - since.waitedMs)));
}

function ask(): void {
  since ??= now();
  let isOver = false;
  const over = (isAnswered: boolean) => {
    if (isOver) return;
    isOver = true;
    countSilence();
    if (isAnswered) since = undefined;
    setTimeout(ask, EVERY_MS);
  };
  const request = get(`${url}/health`, { agent: false, timeout: PATIENCE_MS, ...(localAddress ? { localAddress } : {}) }, (response) => {
    response.resume().on("end", () => over(response.statusCode === 200));
  });
  request.on("timeout", () => request.destroy());
  request.on("error", () => over(false));
  request.on("close", () => over(false));
}

function measure(): void {
  countSilence();
  try {
    const [, peak] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    // Of one that has just ended nothing is told.
    if (peak === undefined) return;
    figures[FIGURES.peakKiB] = Number(peak);
    const [, times = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
    const [user, system] = times.split(" ").slice(11, 13).map(Number);
    figures[FIGURES.cpuSeconds] = ((user ?? 0) + (system ?? 0)) / TICKS_PER_SECOND;
  } catch {
    // Not on Linux, or it is gone: the last figures stay.
  }
}

ask();
setInterval(measure, EVERY_MS);
