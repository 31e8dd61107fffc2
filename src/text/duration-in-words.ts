const units = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

/** `3 hours`: whole units of the largest that fits; a clock that was set back gives `0 seconds`. */
export function durationInWords(ms: number): string {
  const [unit, unitMs] = units.find(([, length]) => ms >= length) ?? units[3];
  const count = Math.max(0, Math.floor(ms / unitMs));
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** `12 s`, `3 min`: the same in brief. */
export function briefDuration(ms: number): string {
  const [count, unit] = durationInWords(ms).split(" ");
  return `${count} ${unit?.startsWith("min") ? "min" : unit?.charAt(0)}`;
}
