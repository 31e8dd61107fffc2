const context = 3;

/** Of two texts with equally many lines, which a changed tag leaves them: it holds no line break. */
export function unifiedDiff(path: string, before: string, after: string): string[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const changed = old.flatMap((line, index) => (line === now[index] ? [] : [index]));
  const lines = [`--- a/${path}`, `+++ b/${path}`];
  for (let first = 0, last = 0; first < changed.length; first = last + 1) {
    last = first;
    while ((changed[last + 1] ?? Number.POSITIVE_INFINITY) - (changed[last] ?? 0) <= 2 * context) last += 1;
    const start = Math.max(0, (changed[first] ?? 0) - context);
    // What follows a final line break is no line.
    const end = Math.min(old.length - (old.at(-1) === "" ? 1 : 0), (changed[last] ?? 0) + context + 1);
    lines.push(`@@ -${start + 1},${end - start} +${start + 1},${end - start} @@`);
    for (let at = start; at < end; at++) {
      if (old[at] === now[at]) lines.push(` ${old[at]}`);
      else lines.push(`-${old[at]}`, `+${now[at]}`);
    }
  }
  return lines;
}
