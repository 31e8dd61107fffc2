/** The operator as a process of its own, for one test. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { compileCache } from "../../sandbox/compile-cache.ts";

export interface OperatorProcess {
  readonly url: string;
  readonly pid: number;
  /** Its log, parsed. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** Resolves with the exit code once it is gone; null after a signal. */
  readonly exit: Promise<number | null>;
  /** SIGKILL; what it does now is never finished. */
  kill(): Promise<void>;
  /** SIGTERM; the exit code and how long it took. */
  stop(): Promise<{ readonly code: number | null; readonly ms: number }>;
}

export async function startOperatorProcess(
  t: { after(close: () => unknown): void },
  program: string,
  env: Readonly<Record<string, string>>,
  /** A command that starts the one behind it. */
  through: readonly string[] = [],
): Promise<OperatorProcess> {
  const [command = process.execPath, ...args] = [...through, process.execPath, program];
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, HOME: "/nonexistent", ...compileCache, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const exit = once(child, "exit").then(([code]) => code as number | null);
  const lines: Record<string, unknown>[] = [];
  const listening = Promise.withResolvers<unknown>();
  void exit.then((code) => listening.reject(new Error(`the operator ended with ${code} before it listened`)));
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text) as Record<string, unknown>;
    lines.push(line);
    if (line.msg === "Listening") listening.resolve(line.port);
  });
  return {
    url: `http://127.0.0.1:${await listening.promise}`,
    pid: child.pid ?? 0,
    lines,
    exit,
    async kill() {
      child.kill("SIGKILL");
      await exit;
    },
    async stop() {
      const startedAt = performance.now();
      child.kill("SIGTERM");
      const code = await exit;
      return { code, ms: performance.now() - startedAt };
    },
  };
}
