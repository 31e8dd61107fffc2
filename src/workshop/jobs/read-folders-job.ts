import { asBuffer } from "../../adapters/git/packs/as-buffer.ts";
import { readFolders } from "../../adapters/git/packs/folder-pack.ts";
import type { FolderQuestion, FolderView } from "../../core/app-history.ts";

type Input = { readonly pack: Uint8Array; readonly folders: readonly FolderQuestion[] };

export function readFoldersJob({ pack, folders }: Input): (FolderView | undefined)[] | "incomplete" {
  return readFolders(asBuffer(pack), folders);
}
