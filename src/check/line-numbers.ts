/** Lines by offset, both counted as editors do: lines from 1. One pass over the text, for as many questions as there are. */
export function lineNumbers(text: string): { lineAt(offset: number): number; textOf(line: number): string } {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return {
    lineAt(offset) {
      let [low, high] = [0, starts.length];
      while (high - low > 1) {
        const middle = (low + high) >>> 1;
        if ((starts[middle] ?? 0) <= offset) low = middle;
        else high = middle;
      }
      return low + 1;
    },
    textOf: (line) => text.slice(starts[line - 1] ?? text.length, starts[line] ?? text.length),
  };
}
