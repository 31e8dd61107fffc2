/** Folders out of a packfile (a tree object each), of which little is kept: the entries that were asked for, and one id for all others. */
import { createHash } from "node:crypto";
import type { FolderQuestion, FolderView } from "../../../core/ports.ts";
import { ReconcileError } from "../../../errors.ts";
import { type Spend, spendFreely } from "./inline-work.ts";
import { objectId } from "./object-id.ts";
import { damagedPack, readPackHead } from "./pack-head.ts";

const LIMITS = {
  /** A folder of 100,000 files. */
  objectBytes: 4 * 2 ** 20,
  /** They differ little from one another, so many come in a small pack. */
  bytes: 64 * 2 ** 20,
  objects: 20_000,
  tooLarge: () => tooManyFolders("a folder of more than 4 MiB"),
  tooMuch: () => tooManyFolders("more than 64 MiB of folders"),
};

/** Six digits, and with room for what is none. */
const MOST_MODE_BYTES = 8;
const SPACE = 0x20;
const ID_BYTES = 20;

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

/**
 * A tree object is `MODE NAME\0` and 20 bytes of id, again and again. Names of other entries are no text for us, so whatever they are, they stay
 * what they are. The work is linear in the bytes.
 */
function viewFolder(tree: Buffer, names: readonly string[]): FolderView {
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
    let nameAt = at;
    while (nameAt < at + MOST_MODE_BYTES && tree[nameAt] !== SPACE) nameAt++;
    const nameEnd = tree.indexOf(0, nameAt);
    const next = nameEnd + 1 + ID_BYTES;
    if (tree[nameAt] !== SPACE || nameEnd < 0 || next > tree.length) throw damagedPack();
    const place = places.get(tree.toString("latin1", nameAt + 1, nameEnd));
    if (place !== undefined && named[place] === undefined) {
      hashOthers(at);
      othersAt = next;
      // Some old tools write folders as 040000.
      const mode = tree.toString("latin1", at, nameAt).replace(/^0+/, "");
      named[place] = { mode, id: tree.toString("hex", nameEnd + 1, next) };
    }
    at = next;
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
