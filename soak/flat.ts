import type { Measured } from "./operator.ts";

/** A garbage collector that had no reason to work yet is no leak. */
const RSS_TOLERANCE = { factor: 1.2, mb: 24 };
/** A burst of callers keeps 30 connections for some seconds. */
const HANDLES_TOLERANCE = 40;

interface Growth {
  readonly rssMb: readonly [first: number, last: number];
  readonly handles: readonly [first: number, last: number];
}

/** The least that the last process held in the second third of its life, and in the last: V8 collects when it likes. Undefined: it lived too short to tell. */
export function growth(samples: readonly Measured[]): Growth | undefined {
  const life = samples.filter(({ pid }) => pid === samples.at(-1)?.pid);
  const third = Math.floor(life.length / 3);
  if (third === 0) return undefined;
  const least = (part: readonly Measured[], of: "rssMb" | "handles") => Math.round(Math.min(...part.map((sample) => sample[of])));
  const [first, last] = [life.slice(third, 2 * third), life.slice(-third)];
  return { rssMb: [least(first, "rssMb"), least(last, "rssMb")], handles: [least(first, "handles"), least(last, "handles")] };
}

export function notFlat(samples: readonly Measured[]): string[] {
  const found = growth(samples);
  if (!found) return ["the process lived too short to tell whether it grows; take more minutes"];
  const { rssMb, handles } = found;
  return [
    ...(rssMb[1] > rssMb[0] * RSS_TOLERANCE.factor + RSS_TOLERANCE.mb ? [`memory grew from ${rssMb[0]} to ${rssMb[1]} MB`] : []),
    ...(handles[1] > handles[0] + HANDLES_TOLERANCE ? [`open files grew from ${handles[0]} to ${handles[1]}`] : []),
  ];
}
