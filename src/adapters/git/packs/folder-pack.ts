/** Folders out of a packfile (a tree object each), of which little is kept: the entries that were asked for, and one id for all others. */

import { createHash } from "node:crypto";
import type { FolderQuestion, FolderView } from "../../../core/app-history.ts";
import { ReconcileError } from "../../../errors.ts";
import { type Spend, spendFreely } from "./inline-work.ts";
import { objectId } from "./object-id.ts";
import { damagedPack, readPackHead } from "./pack-head.ts";
import { entryAt, idOf, modeOf } from "./tree-format.ts";

const LIMITS = {
  /** A folder of 100,000 files. */
  objectBytes: 4 * 2 ** 20,
  /** They differ little from one another, so many come in a small pack. */
  bytes: 64 * 2 ** 20,
  objects: 20_000,
  tooLarge: () => tooManyFolders("a folder of more than 4 MiB"),
  tooMuch: () => tooManyFolders("more than 64 MiB of folders"),
};

/** In the order of the questions; undefined: it was not sent. What was not asked for is passed over. */
export function readFolders(
  pack: Buffer,
  folders: readonly FolderQuestion[],
  spend: Spend = spendFreely,
): (FolderView | undefined)[] | "incomplete" {
  const asked = Map.groupBy(folders.keys(), (i) => folders[i]?.tree ?? "");
  const views: (FolderView | undefined)[] = folders.map(() => undefined);
  const end = readPackHead(pack, ["tree"], LIMITS, spend, ({ content }) => {
    for (const i of asked.get(objectId("tree", content).toString("hex")) ?? []) {
      spend(content.length);
      views[i] = viewFolder(content, folders[i]?.names ?? []);
    }
  });
  return end === "incomplete" ? end : views;
}

/** The work is linear in the bytes. */
export function viewFolder(tree: Buffer, names: readonly string[]): FolderView {
  const places = new Map(names.map((name, i) => [Buffer.from(name, "utf8").toString("latin1"), i]));
  const named: FolderView["named"][number][] = names.map(() => undefined);
  const others = createHash("sha1");
  let hasOthers = false;
  let othersAt = 0;
  const hashOthers = (end: number) => {
    hasOthers ||= end > othersAt;
    others.update(tree.subarray(othersAt, end));
  };
  for (let at = 0; at < tree.length; ) {
    const entry = entryAt(tree, at);
    if (!entry) throw damagedPack();
    const place = places.get(tree.toString("latin1", entry.nameAt, entry.nameEnd));
    if (place !== undefined && named[place] === undefined) {
      hashOthers(at);
      othersAt = entry.next;
      // Some old tools write folders as 040000.
      named[place] = { mode: modeOf(tree, entry).replace(/^0+/, ""), id: idOf(tree, entry) };
    }
    at = entry.next;
  }
  hashOthers(tree.length);
  return { named, rest: hasOthers ? others.digest("hex") : "" };
}

export function tooManyFolders(what: string): ReconcileError {
  return new ReconcileError(
    "git_limit",
    `the folders on the way to gitops.operator.app_paths are too large: the git server sent ${what}; name paths with fewer files beside them, or lower gitops.operator.look_back`,
  );
}
