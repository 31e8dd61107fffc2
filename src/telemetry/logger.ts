import { hostname } from "node:os";
import { type Logger, pino } from "pino";

/** JSON lines on standard output: static messages, data in fields, time as ISO text. Every line goes through `redact`. */
export function createLogger(level: string, redact: (line: string) => string): Logger {
  const destination = pino.destination(1);
  return pino(
    {
      level,
      base: { name: "gitops-operator", hostname: hostname(), pid: process.pid, v: 0, target: "gitops_operator" },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    { write: (line: string) => void destination.write(redact(line)) },
  );
}
