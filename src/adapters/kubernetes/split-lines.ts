import { KubeError } from "./kube-error.ts";

/** Of a line that is longer than may be held: how it begins. */
export interface LongLine {
  readonly beginning: string;
}

/** As much as tells what an event is about. */
const beginningBytes = 2_048;

/** Lines end with `\n` only: JSON may hold U+2028, which node:readline takes for an end. An unfinished last line is a broken stream. */
export async function* splitLines(chunks: AsyncIterable<Buffer>, mostBytes: number): AsyncGenerator<string | LongLine, void, undefined> {
  let pieces: Buffer[] = [];
  let bytes = 0;

  function add(piece: Buffer): void {
    const isLong = bytes > mostBytes;
    bytes += piece.length;
    if (isLong) return;
    pieces.push(piece);
    if (bytes > mostBytes) pieces = [Buffer.from(Buffer.concat(pieces).subarray(0, beginningBytes))];
  }
  function take(): string | LongLine {
    const text = Buffer.concat(pieces).toString("utf8");
    const line = bytes > mostBytes ? { beginning: text } : text;
    pieces = [];
    bytes = 0;
    return line;
  }

  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", start)) {
      add(chunk.subarray(start, end));
      start = end + 1;
      if (bytes > 0) yield take();
    }
    add(chunk.subarray(start));
  }
  if (bytes > 0) throw new KubeError("protocol", "the watch ended within a line");
}
