/** A history as it comes from the server: read as soon as enough of it is there. */
import { type HistoryQuestion, type PackedHistory, readHistory, tooManyCommits } from "./commit-pack.ts";
import { inlineOrAside } from "./inline-work.ts";
import { PACK_HEADER_BYTES } from "./pack-entry.ts";
import { damagedPack } from "./pack-head.ts";

/** A thousand commits with the longest messages and signatures that people make are less. */
const MAX_PACKED_BYTES = 4 * 1024 * 1024;

type ReadAside = (pack: Buffer) => Promise<PackedHistory | "incomplete">;

export async function receiveHistory(pack: AsyncIterable<Buffer>, question: HistoryQuestion, readAside: ReadAside): Promise<PackedHistory> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  /** What was not enough is read again when twice as much is there, so that the whole costs no more than reading twice. */
  let enoughBytes = PACK_HEADER_BYTES;

  function read(): Promise<PackedHistory | "incomplete"> {
    const all = Buffer.concat(chunks);
    return inlineOrAside(
      (spend) => readHistory(all, question, spend),
      () => readAside(all),
    );
  }

  for await (const chunk of pack) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (question.keep && bytes > MAX_PACKED_BYTES) throw tooManyCommits();
    // All of it is wanted.
    if (question.keep || bytes < Math.min(enoughBytes, MAX_PACKED_BYTES)) continue;
    const history = await read();
    if (history !== "incomplete") return history;
    if (bytes > MAX_PACKED_BYTES) throw tooManyCommits();
    enoughBytes = 2 * bytes;
  }
  const history = await read();
  if (history === "incomplete") throw damagedPack();
  return history;
}
