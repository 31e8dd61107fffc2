import { asBuffer } from "../../adapters/git/packs/as-buffer.ts";
import { type HistoryQuestion, type PackedHistory, readHistory } from "../../adapters/git/packs/commit-pack.ts";

type Input = { readonly pack: Uint8Array; readonly question: HistoryQuestion };

export function readHistoryJob({ pack, question }: Input): PackedHistory | "incomplete" {
  return readHistory(asBuffer(pack), question);
}
