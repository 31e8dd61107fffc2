import { hostname } from "node:os";
import { type Logger, pino } from "pino";
import { activeIds } from "./tracer.ts";

export interface LogOutput {
  write(line: string): unknown;
}

/** JSON lines, by default on standard output: static messages, data in fields, time as ISO text. Every line goes through `redact`. */
export function createLogger(level: string, redact: (line: string) => string, output: LogOutput = pino.destination(1)): Logger {
  return pino(
    {
      level,
      base: { name: "gitops-operator", hostname: hostname(), pid: process.pid, v: 0, target: "gitops_operator" },
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: activeIds,
    },
    { write: (line: string) => void output.write(redact(line)) },
  );
}
