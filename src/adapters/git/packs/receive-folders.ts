/** Folders as they come from the server. */
import type { FolderQuestion, FolderView } from "../../../core/app-history.ts";
import { readFolders, tooManyFolders } from "./folder-pack.ts";
import { inlineOrAside } from "./inline-work.ts";
import { damagedPack } from "./pack-head.ts";

/** What one question may still bring, in bytes as they are sent. */
export interface FolderBudget {
  leftBytes: number;
}

/** Fifty commits of a large repository have 11 KB of folders on a level. */
export const MOST_FOLDERS_BYTES = 4 * 2 ** 20;

type Views = (FolderView | undefined)[];

export async function receiveFolders(
  pack: AsyncIterable<Buffer>,
  folders: readonly FolderQuestion[],
  budget: FolderBudget,
  readAside: (pack: Buffer) => Promise<Views | "incomplete">,
): Promise<Views> {
  const chunks: Buffer[] = [];
  for await (const chunk of pack) {
    budget.leftBytes -= chunk.length;
    if (budget.leftBytes < 0) throw tooManyFolders("more than 4 MiB");
    chunks.push(chunk);
  }
  const all = Buffer.concat(chunks);
  const views = await inlineOrAside<Views | "incomplete">(
    (spend) => readFolders(all, folders, spend),
    () => readAside(all),
  );
  if (views === "incomplete") throw damagedPack();
  return views;
}
