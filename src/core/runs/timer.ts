import type { Workloads } from "../cluster-ports.ts";
import type { Log } from "../ports.ts";

interface TimerOptions {
  /** 0: never. */
  readonly intervalMs: number;
  readonly workloads: Pick<Workloads, "ready" | "synced">;
  readonly stopping: AbortSignal;
  readonly log: Log;
  readonly ask: () => Promise<unknown>;
}

/** Asks for a pass as soon as the cluster is known, and from then on every so often until the operator stops. */
export function startTimer({ intervalMs, workloads, stopping, log, ask }: TimerOptions) {
  let nextAt: Date | undefined;
  if (intervalMs === 0) return { nextAt: () => nextAt };
  async function onTimer(): Promise<void> {
    if (!workloads.synced) return;
    try {
      await ask();
    } catch (error) {
      if (!stopping.aborted) log.error({ cause: "timer", error: (error as Error).message }, "Pass of the timer failed");
    }
  }
  void workloads.ready(stopping).then(onTimer, () => {});
  const count = () => {
    nextAt = new Date(Date.now() + intervalMs);
  };
  const timer = setInterval(() => {
    count();
    void onTimer();
  }, intervalMs);
  count();
  stopping.addEventListener("abort", () => clearInterval(timer), { once: true });
  /** Undefined: there is no timer. */
  return { nextAt: () => nextAt };
}
