/** Objects beside a copy that are made to be sent, or come to be looked at. Nothing of them is kept. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ManifestsBranch } from "../../../core/git-ports.ts";
import { formatRepository } from "../../../core/repository.ts";
import type { ContentCache } from "../packs/content-cache.ts";
import { createObjectStore, type ObjectStore } from "../packs/object-store.ts";
import type { PackWork } from "../packs/pack-work.ts";
import type { UploadPack } from "../wire/upload-pack.ts";
import type { BeginArrival } from "./arrivals.ts";
import { makeFolder } from "./make-folder.ts";
import { storeError } from "./store.ts";

export interface PassingObjectsOptions {
  readonly contents: ContentCache<string>;
  readonly beginArrival: BeginArrival;
  readonly packWork: PackWork;
  /** Of the copy. */
  readonly folder: string;
}

/** The operator's own commit changes 50 files of 1 MiB at most, and such files deflate well; what is more is others'. */
const MOST_BYTES = 16 * 2 ** 20;

/** `name`: of their folders, for those that share a copy. */
export function createPassingObjects(name: string, { contents, beginArrival, packWork, folder }: PassingObjectsOptions) {
  let count = 0;
  const nextFolder = () => join(folder, `${name}-${count++}`);
  return {
    /** For objects of our own: they stay in memory. */
    store: (): ObjectStore => createObjectStore(nextFolder(), contents, packWork),
    /** What comes is there as long as `look` takes. Rejects with `git_limit` where it is too much. */
    async receive<T>(at: ManifestsBranch, pack: ReturnType<UploadPack["pack"]>, look: (objects: ObjectStore) => Promise<T>): Promise<T> {
      const place = nextFolder();
      const path = join(place, "received.pack");
      const arrival = beginArrival(formatRepository(at.repository), MOST_BYTES);
      try {
        await makeFolder(place);
        await arrival.store(pack, path);
        const objects = createObjectStore(place, contents, packWork);
        objects.addPack(path, await packWork.index(path, arrival.bytes, MOST_BYTES, at));
        return await look(objects);
      } catch (error) {
        throw storeError(error);
      } finally {
        arrival.end();
        await rm(place, { recursive: true, force: true }).catch(() => undefined);
      }
    },
  };
}
