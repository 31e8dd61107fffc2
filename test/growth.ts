/** How dear work is as its input grows: a ratio of processor times, so neither the machine's speed nor its other load counts. */

/** Anything shorter would measure the clock's steps and the compiler's warming up. */
const LEAST_MS = 4;
const TRIES = 3;

/** Linear work grows about 8 times, quadratic 64; between them is room for caches, garbage collection and noise. */
export const MOST_GROWTH = 24;

/** The processor time of `work` at eight times the size, divided by that at `size`. */
export async function growthOf(size: number, work: (size: number) => unknown): Promise<number> {
  // First, so that the smaller is measured warm: its cold start would hide growth.
  let large = await cpuMsPerCall(() => work(8 * size));
  const small = await leastCpuMs(() => work(size));
  // Whatever else the processor does can only add: growth that is small once, is small.
  for (let attempt = 1; attempt < TRIES && large / small > MOST_GROWTH / 2; attempt++) {
    large = Math.min(large, await cpuMsPerCall(() => work(8 * size)));
  }
  return large / small;
}

/** Of one call, the least of a few tries: whatever else the processor does can only add. */
export async function leastCpuMs(work: () => unknown): Promise<number> {
  let least = Infinity;
  for (let attempt = 0; attempt < TRIES; attempt++) least = Math.min(least, await cpuMsPerCall(work));
  return least;
}

async function cpuMsPerCall(work: () => unknown): Promise<number> {
  const before = process.threadCpuUsage();
  let calls = 0;
  let ms = 0;
  while (ms < LEAST_MS) {
    await work();
    calls += 1;
    const { user, system } = process.threadCpuUsage(before);
    ms = (user + system) / 1_000;
  }
  return ms / calls;
}

/** About a millisecond on a machine of 2026: so a limit in these is one of time, and no machine's speed counts. */
function referenceWork(): number {
  let sum = 0;
  for (let i = 0; i < 1_000_000; i++) sum = (Math.imul(sum, 31) + i) | 0;
  return sum;
}

let referenceMs: Promise<number> | undefined;

/** Processor time as a multiple of what a fixed piece of work takes in this process. */
export async function inReferences(ms: number): Promise<number> {
  referenceMs ??= leastCpuMs(referenceWork);
  return ms / (await referenceMs);
}
