/** A probe that feels what the kubelet feels: how long `/health` was silent, and what the process cost meanwhile. */
import { Worker } from "node:worker_threads";

export interface ProbeData {
  readonly url: string;
  readonly pid: number;
  readonly localAddress: string | undefined;
  readonly figures: Float64Array;
}

/** Where each stands; the first is for us to say that the silences count anew. */
export const FIGURES = { anew: 0, longestMs: 1, longestOnThisMachineMs: 2, peakKiB: 3, cpuSeconds: 4 } as const;

export interface HealthProbe {
  /** The longest time without an answer since `begin`, over or not, less what the operator waited for a processor that others had. */
  readonly silenceMs: number;
  /** The same, with that. */
  readonly silenceOnThisMachineMs: number;
  readonly peakMiB: number;
  /** Of the processor, since `begin`. */
  readonly cpuSeconds: number;
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
  const figures = new Float64Array(new SharedArrayBuffer(Object.keys(FIGURES).length * Float64Array.BYTES_PER_ELEMENT));
  const workerData: ProbeData = { url, pid, localAddress, figures };
  const thread = new Worker(new URL("health-probe-thread.ts", import.meta.url), { workerData });
  const stop = async () => void (await thread.terminate());
  t.after(stop);
  const read = (name: keyof typeof FIGURES) => figures[FIGURES[name]] ?? 0;
  let cpuBefore = 0;
  return {
    get silenceMs() {
      return read("longestMs");
    },
    get silenceOnThisMachineMs() {
      return read("longestOnThisMachineMs");
    },
    get peakMiB() {
      return read("peakKiB") / 1024;
    },
    get cpuSeconds() {
      return read("cpuSeconds") - cpuBefore;
    },
    begin() {
      figures[FIGURES.anew] = 1;
      cpuBefore = read("cpuSeconds");
    },
    stop,
  };
}
