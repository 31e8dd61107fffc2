/** What is read of packs, by those who may ask the workshop for it. */

import { readFile } from "node:fs/promises";
import type { FolderQuestion, FolderView } from "../../../core/app-history.ts";
import type { Branch } from "../../../core/git-ports.ts";
import { formatRepository } from "../../../core/repository.ts";
import type { JobContext, Workshop } from "../../../workshop/workshop.ts";
import { asBuffer } from "./as-buffer.ts";
import type { HistoryQuestion, PackedHistory } from "./commit-pack.ts";
import { INLINE_WORK, inlineOrAside } from "./inline-work.ts";
import { indexPack } from "./pack-index.ts";
import type { GitObject, PackedObject } from "./packed-object.ts";
import { type FolderBudget, receiveFolders } from "./receive-folders.ts";
import { receiveHistory } from "./receive-history.ts";

/** For whom a pack is read. */
export type PackOwner = Pick<Branch, "repository" | "namespace">;

export interface PackWork {
  readHistory(pack: AsyncIterable<Buffer>, question: HistoryQuestion, owner: PackOwner): Promise<PackedHistory>;
  /** In the order of the questions; undefined: it was not sent. */
  readFolders(
    pack: AsyncIterable<Buffer>,
    folders: readonly FolderQuestion[],
    budget: FolderBudget,
    owner: PackOwner,
  ): Promise<(FolderView | undefined)[]>;
  /** The index of the pack at `path`, which has so many `bytes`. */
  index(path: string, bytes: number, maxBytes: number, owner: PackOwner): Promise<Buffer>;
  /** What is much work to read. */
  readObject(path: string, object: PackedObject, owner: PackOwner): Promise<GitObject>;
}

export function createPackWork(workshop: Workshop): PackWork {
  return {
    readHistory: (pack, question, owner) =>
      receiveHistory(pack, question, (bytes) => workshop.run("readHistory", { pack: bytes, question }, contextOf(owner))),
    readFolders: (pack, folders, budget, owner) =>
      receiveFolders(pack, folders, budget, (bytes) => workshop.run("readFolders", { pack: bytes, folders }, contextOf(owner))),
    async index(path, bytes, maxBytes, owner) {
      const origin = { repository: formatRepository(owner.repository), maxBytes };
      // The pack itself; files up to half of `maxBytes`, a delta's base, its result and those that are kept, and as much again that is not collected yet.
      const moreBytes = bytes + 2 * maxBytes;
      // Read by the thread: what waits for one takes no memory, and no copy is made.
      const aside = async () => asBuffer(await workshop.run("indexPack", { path, origin }, { ...contextOf(owner), moreBytes }));
      if (bytes > INLINE_WORK) return aside();
      const pack = await readFile(path);
      return inlineOrAside((spend) => indexPack(pack, origin, spend), aside);
    },
    async readObject(path, object, owner) {
      const { kind, content } = await workshop.run("readObject", { path, object }, contextOf(owner));
      return { kind, content: asBuffer(content) };
    },
  };
}

function contextOf({ repository, namespace }: PackOwner): JobContext {
  return {
    namespace,
    what: `what ${formatRepository(repository)} sent`,
    remedy: "check the repository with git fsck, and pack it anew with git repack -adf",
  };
}
