/** The thread of `health-probe.ts`. */
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { workerData } from "node:worker_threads";
import { FIGURES, type ProbeData } from "./health-probe.ts";
import { loopOf, startOwnTime } from "./own-time.ts";

const { url, pid, localAddress, figures } = workerData as ProbeData;
const EVERY_MS = 50;
/** Seldom: between question and answer this thread is to be at rest, so that what it waits for a processor is part of the way of a question. */
const MEASURE_EVERY_MS = 500;
/** The kubelet gives up after so long, and asks again. */
const PATIENCE_MS = 5_000;
/** `getconf CLK_TCK`: of Linux on every machine that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Since the first question that has no answer, on the machine's clock and on the operator's. */
let silence: { readonly startedAt: number; readonly ownMs: () => number } | undefined;

const begin = () => ({ startedAt: performance.now(), ownMs: startOwnTime([loopOf(pid), "thread-self"], true) });

function countSilence(): void {
  if (figures[FIGURES.anew]) {
    figures.fill(0, FIGURES.anew, FIGURES.longestOnThisMachineMs + 1);
    if (silence) silence = begin();
  }
  if (!silence) return;
  const raise = (figure: number, ms: number) => {
    figures[figure] = Math.max(figures[figure] ?? 0, ms);
  };
  raise(FIGURES.longestMs, silence.ownMs());
  raise(FIGURES.longestOnThisMachineMs, performance.now() - silence.startedAt);
}

function ask(): void {
  silence ??= begin();
  let isOver = false;
  const over = (isAnswered: boolean) => {
    if (isOver) return;
    isOver = true;
    countSilence();
    if (isAnswered) silence = undefined;
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
setInterval(measure, MEASURE_EVERY_MS);
