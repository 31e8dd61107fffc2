/** Log lines for people at a terminal. */
import type { LogOutput } from "./logger.ts";

/** Undefined where pino-pretty is not installed, as in the image. A stream in this thread: pino's transports are worker threads, which one file can't bring along. */
export async function readableOutput(): Promise<LogOutput | undefined> {
  try {
    const { build } = await import("pino-pretty");
    // Who and where is known to whoever sits there.
    return build({ destination: 1, sync: true, ignore: "name,hostname,pid,v,target", translateTime: "SYS:HH:MM:ss.l" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
