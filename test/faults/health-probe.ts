/** A probe that feels what the kubelet feels: how long `/health` was silent, and what the process cost meanwhile. */
import { Worker } from "node:worker_threads";

export interface ProbeData {
  readonly url: string;
  readonly pid: number;
  readonly localAddress: string | undefined;
  readonly figures: Float64Array;
}

export interface HealthProbe {
  /** The longest time since `begin` in which no answer came, also when it has not ended yet. */
  silenceMs(): number;
  readonly peakMiB: number;
  /** Of the processor, since `begin`. */
  cpuSeconds(): number;
  /** From here on it counts anew. */
  begin(): void;
  stop(): Promise<void>;
}

/** It asks every 50 ms, each time on a new connection, from a thread of its own: what the test does meanwhile is not measured. */
export function startHealthProbe(
  t: { after(close: () => unknown): void },
  { url, pid }: { readonly url: string; readonly pid: number },
  localAddress?: string,
): HealthProbe {
  const figures = new Float64Array(new SharedArrayBuffer(4 * Float64Array.BYTES_PER_ELEMENT));
  const workerData: ProbeData = { url, pid, localAddress, figures };
  const thread = new Worker(new URL("health-probe-thread.ts", import.meta.url), { workerData });
  const stop = async () => void (await thread.terminate());
  t.after(stop);
  const read = () => {
    const [silentSince = 0, longest = 0, peakKiB = 0, cpuSeconds = 0] = figures;
    return { silenceMs: Math.max(longest, silentSince === 0 ? 0 : Date.now() - silentSince), peakMiB: peakKiB / 1024, cpuSeconds };
  };
  let cpuBefore = 0;
  return {
    silenceMs: () => read().silenceMs,
    get peakMiB() {
      return read().peakMiB;
    },
    cpuSeconds: () => read().cpuSeconds - cpuBefore,
    begin() {
      figures[1] = 0;
      if (figures[0] !== 0) figures[0] = Date.now();
      cpuBefore = read().cpuSeconds;
    },
    stop,
  };
}
