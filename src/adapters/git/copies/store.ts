/** What a local copy holds, from one clone to the next: objects, and the commits made here that are on their way to the remote. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PushResult } from "../../../core/git-ports.ts";
import { ReconcileError } from "../../../errors.ts";
import { diskError } from "../packs/disk-error.ts";
import type { ObjectStore } from "../packs/object-store.ts";
import type { Pack } from "../packs/pack-format.ts";
import type { Pushes } from "../wire/acknowledged-push.ts";
import type { WrittenHistories } from "./written-history.ts";

/** The state that a clone replaces as a whole. */
export interface Store {
  readonly folder: string;
  readonly objects: ObjectStore;
  readonly shallow: Set<string>;
  tip: string;
  /** Its next fast-forward would bring too much. */
  isFull: boolean;
  files: number;
  bytes: number;
  /** Commits made here and not pushed yet: parent and the objects each adds. */
  readonly built: Map<string, { parent: string; ids: readonly string[] }>;
  readonly written: WrittenHistories;
}

/** The path of a file that is not there yet. */
export function nextPack(into: Store): string {
  return join(into.folder, `${into.files++}.pack`);
}

/** From now on they count as never made. */
export function forgetBuilt(into: Store): void {
  into.built.clear();
  into.objects.forgetAdded();
}

/** Once the server has acknowledged them, the commits from `from` to `to` are the copy's, unless it has moved on meanwhile. */
export async function pushBuilt(
  into: Store,
  pushes: Pushes,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<PushResult> {
  const ids: string[] = [];
  for (let sha = to; sha !== from; ) {
    const commit = into.built.get(sha);
    if (!commit) throw new ReconcileError("git_copy_damaged", "the commits to push are gone from the local copy; they are made anew");
    ids.push(...commit.ids);
    sha = commit.parent;
  }
  const path = nextPack(into);
  let pack: Pack | undefined;
  let isKept = false;
  // Stored before it is sent: a full disk is found out while nothing has been pushed.
  const makePack = async () => {
    pack = await into.objects.pack(ids);
    await writeFile(path, pack.bytes).catch((error: unknown) => Promise.reject(storeError(error)));
    return pack.bytes;
  };
  try {
    const result = await pushes.push({ from, to }, makePack);
    if (result.kind !== "accepted" || !pack || into.tip !== from) return result;
    into.objects.addPack(path, pack.index);
    isKept = true;
    into.bytes += pack.bytes.length;
    into.tip = to;
    forgetBuilt(into);
    return result;
  } finally {
    if (!isKept) await rm(path, { force: true });
  }
}

export function storeError(error: unknown): ReconcileError {
  const known = diskError(error);
  if (known instanceof ReconcileError) return known;
  return new ReconcileError("git_copy_damaged", "what the git server sent could not be stored; the copy is made anew", { cause: error });
}
