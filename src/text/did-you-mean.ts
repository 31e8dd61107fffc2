/** The candidate that a typo most likely meant: at most a third of its letters differ. */
export function closest(text: string, candidates: readonly string[]): string | undefined {
  const mostEdits = (candidate: string) => Math.ceil(candidate.length / 3);
  const near = candidates
    .filter((candidate) => Math.abs(candidate.length - text.length) <= mostEdits(candidate))
    .map((candidate) => ({ candidate, edits: distance(text, candidate) }))
    .filter(({ candidate, edits }) => edits <= mostEdits(candidate));
  return near.sort((a, b) => a.edits - b.edits)[0]?.candidate;
}

/** Levenshtein: letters put in, left out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
