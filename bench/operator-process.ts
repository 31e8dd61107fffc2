/** `dist/main.cjs` in a process of its own, as the image runs it: with V8's compile cache, which the first one makes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ReconcileEntry } from "../src/http/calls/reconcile-entry.ts";

interface Pass {
  readonly entries: readonly ReconcileEntry[];
  readonly ms: number;
}

export interface OperatorProcess {
  readonly url: string;
  /** From the start of the process to the log line that says so. */
  readonly listeningAfterMs: number;
  /** Resolves when the cache has the cluster's list and tracks that many. */
  tracks(count: number): Promise<void>;
  /** A whole pass, and how long its answer took; rejects unless every entry has one of these actions. */
  pass(...actions: readonly string[]): Promise<Pass>;
  /** Over the Deployments of one namespace. */
  passOver(namespace: string, ...actions: readonly string[]): Promise<Pass>;
  /** The sum of a counter over all its labels. */
  metric(name: string): Promise<number>;
  /** Now, and at its highest. */
  memory(): Promise<{ rssMb: number; peakMb: number }>;
  openFiles(): Promise<number>;
  close(): Promise<void>;
}

const COMPILE_CACHE = fileURLToPath(new URL("../node_modules/.cache/compiled-program", import.meta.url));
const program = process.env.OPERATOR_PROGRAM ?? fileURLToPath(new URL("../dist/main.cjs", import.meta.url));

export async function startOperatorProcess(env: Readonly<Record<string, string>>, logFile: string): Promise<OperatorProcess> {
  // For finding out where time goes: `BENCH_CPU_PROF=<folder>`.
  const profile = process.env.BENCH_CPU_PROF ? ["--cpu-prof", `--cpu-prof-dir=${process.env.BENCH_CPU_PROF}`] : [];
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...profile, program], {
    env: { PATH: process.env.PATH, HOME: "/nonexistent", NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const killWithUs = () => void child.kill("SIGKILL");
  process.once("exit", killWithUs);
  const exited = once(child, "exit");
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  void exited.then(([code]) => reject(new Error(`the operator ended with ${code}; is dist/main.cjs built (npm run build)?`)));
  const log = createWriteStream(logFile, { flags: "a" });
  createInterface({ input: child.stdout }).on("line", (line) => {
    log.write(`${line}\n`);
    const { msg, port } = JSON.parse(line) as { msg: string; port?: number };
    if (msg === "Listening" && port !== undefined) resolve(port);
  });
  const url = `http://127.0.0.1:${await promise}`;
  const listeningAfterMs = performance.now() - startedAt;

  async function status(field: string): Promise<number> {
    const text = await readFile(`/proc/${child.pid}/status`, "utf8");
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) / 1024;
  }

  async function pass(query: string, actions: readonly string[]): Promise<Pass> {
    const before = performance.now();
    const response = await fetch(`${url}/reconcile${query}`);
    const entries = (await response.json()) as ReconcileEntry[];
    const ms = performance.now() - before;
    const other = entries.find(({ action }) => !actions.includes(action));
    if (response.status !== 200 || other) throw new Error(`HTTP ${response.status}, ${JSON.stringify(other ?? entries)}`);
    return { entries, ms };
  }

  return {
    url,
    listeningAfterMs,
    async tracks(count) {
      for (let tries = 0; ; tries++) {
        const health = (await (await fetch(`${url}/health`)).json()) as { status: string; tracked_deployments: number };
        if (health.status === "ok" && health.tracked_deployments === count) return;
        if (tries > 3_000) throw new Error(`the operator tracks ${health.tracked_deployments} Deployments, not ${count}`);
        await sleep(5);
      }
    },
    pass: (...actions) => pass("", actions),
    passOver: (namespace, ...actions) => pass(`?namespace=${namespace}`, actions),
    async metric(name) {
      const text = await (await fetch(`${url}/metrics`)).text();
      return [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))].reduce((sum, [, value]) => sum + Number(value), 0);
    },
    memory: async () => ({ rssMb: await status("VmRSS"), peakMb: await status("VmHWM") }),
    openFiles: async () => (await readdir(`/proc/${child.pid}/fd`)).length,
    async close() {
      process.removeListener("exit", killWithUs);
      child.kill("SIGTERM");
      await exited;
      log.end();
    },
  };
}
