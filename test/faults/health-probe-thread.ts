/** The thread of `health-probe.ts`. */
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { workerData } from "node:worker_threads";
import type { ProbeData } from "./health-probe.ts";

const { url, pid, localAddress, figures } = workerData as ProbeData;
const [SILENT_SINCE, LONGEST_SILENCE, PEAK_KIB, CPU_SECONDS] = [0, 1, 2, 3];
const EVERY_MS = 50;
/** The kubelet gives up after so long, and asks again. */
const PATIENCE_MS = 5_000;
/** `getconf CLK_TCK`: of Linux on every machine that Node runs on. */
const TICKS_PER_SECOND = 100;

function ask(): void {
  if (figures[SILENT_SINCE] === 0) figures[SILENT_SINCE] = Date.now();
  let isOver = false;
  const over = (isAnswered: boolean) => {
    if (isOver) return;
    isOver = true;
    if (isAnswered) {
      figures[LONGEST_SILENCE] = Math.max(figures[LONGEST_SILENCE] ?? 0, Date.now() - (figures[SILENT_SINCE] ?? 0));
      figures[SILENT_SINCE] = 0;
    }
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
  try {
    const [, peak] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    // Of one that has just ended nothing is told.
    if (peak === undefined) return;
    figures[PEAK_KIB] = Number(peak);
    const [, times = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
    const [user, system] = times.split(" ").slice(11, 13).map(Number);
    figures[CPU_SECONDS] = ((user ?? 0) + (system ?? 0)) / TICKS_PER_SECOND;
  } catch {
    // Not on Linux, or it is gone: the last figures stay.
  }
}

ask();
setInterval(measure, EVERY_MS);
