import { type HistoryQuestion, type PackedHistory, readHistory } from "../../adapters/git/commit-pack.ts";

export interface ReadHistoryInput {
  readonly pack: Uint8Array;
  readonly question: HistoryQuestion;
}

export function readHistoryJob({ pack, question }: ReadHistoryInput): PackedHistory | "incomplete" {
  return readHistory(Buffer.from(pack.buffer, pack.byteOffset, pack.byteLength), question);
}
