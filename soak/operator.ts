/** The operator as a process that is stopped, killed and started again, and looked at from outside. */
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type OperatorProcess, startOperatorProcess } from "../test/e2e/operator-process.ts";

export interface Operator {
  /** Undefined while it is on its way down or up. */
  readonly url: string | undefined;
  restart(how: "SIGTERM" | "SIGKILL"): Promise<void>;
  stop(): Promise<void>;
  measure(): Promise<Measured>;
  readonly counts: { sigterm: number; sigkill: number; slowestExitMs: number };
}

export interface Measured {
  readonly pid: number;
  readonly rssMb: number;
  readonly handles: number;
  readonly children: number;
}

const program = process.env.OPERATOR_PROGRAM ?? fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** `complain` is told of ends that nobody asked for and of errors that nobody foresaw. */
export async function runOperator(
  t: { after(close: () => unknown): void },
  env: Readonly<Record<string, string>>,
  complain: (problem: string) => void,
): Promise<Operator> {
  const counts = { sigterm: 0, sigkill: 0, slowestExitMs: 0 };
  let current: OperatorProcess | undefined;

  async function start(): Promise<void> {
    const started = await startOperatorProcess(t, program, env);
    current = started;
    void started.exit.then((code) => {
      if (current === started) complain(`the operator ended by itself with ${code}`);
    });
  }
  /** From now on its end is wanted. */
  function release(): OperatorProcess {
    if (!current) throw new Error("the operator does not run");
    const ending = current;
    current = undefined;
    return ending;
  }
  async function stop(): Promise<void> {
    const ending = release();
    const { code, ms } = await ending.stop();
    counts.sigterm += 1;
    counts.slowestExitMs = Math.max(counts.slowestExitMs, ms);
    if (code !== 0) complain(`SIGTERM ended the operator with ${code}, not 0`);
    if (ms > 60_000) complain(`SIGTERM took ${Math.round(ms)} ms`);
    checkLog(ending);
  }
  function checkLog(ending: OperatorProcess): void {
    for (const line of ending.lines) {
      if (Number(line.level) >= 50 || line.code === "internal") complain(`logged: ${JSON.stringify(line).slice(0, 1_000)}`);
    }
  }

  await start();
  return {
    get url() {
      return current?.url;
    },
    async restart(how) {
      if (how === "SIGTERM") await stop();
      else {
        const ending = release();
        await ending.kill();
        counts.sigkill += 1;
        checkLog(ending);
      }
      await start();
    },
    stop,
    async measure() {
      const pid = current?.pid ?? 0;
      const proc = `/proc/${pid}`;
      const status = await readFile(`${proc}/status`, "utf8");
      const tasks = await readdir(`${proc}/task`);
      const children = await Promise.all(tasks.map((task) => readFile(`${proc}/task/${task}/children`, "utf8").catch(() => "")));
      return {
        pid,
        rssMb: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024,
        handles: (await readdir(`${proc}/fd`)).length,
        children: children.join(" ").split(" ").filter(Boolean).length,
      };
    },
    counts,
  };
}
