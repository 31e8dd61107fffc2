import { hostname } from "node:os";
import { type Logger, pino } from "pino";

/** JSON lines on standard output: static messages, data in fields, time as ISO text. */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: { name: "gitops-operator", hostname: hostname(), pid: process.pid, v: 0, target: "gitops_operator" },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}
