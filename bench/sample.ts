/** Several measurements of one thing. */
export interface Sample {
  readonly unit: Unit;
  readonly values: readonly number[];
}

export type Unit = "ms" | "MB" | "KB" | "count";

export function median({ values }: Sample): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The median, and the least and greatest behind it. */
export function formatSample(sample: Sample): string {
  const { unit, values } = sample;
  const text = (value: number) => (Number.isInteger(value) || value >= 100 ? value.toFixed(0) : value.toFixed(1));
  const suffix = unit === "count" ? "" : ` ${unit}`;
  if (values.length === 1) return text(median(sample)) + suffix;
  return `${text(median(sample))}${suffix} (${text(Math.min(...values))}–${text(Math.max(...values))})`;
}
