/** The objects of one copy, by id: those in packs on disk, and those made here that no pack holds yet. */
import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { ReconcileError } from "../../../errors.ts";
import type { ContentCache } from "./content-cache.ts";
import { damagedCopy } from "./damaged-copy.ts";
import { objectId } from "./object-id.ts";
import { inOwnMemory } from "./own-memory.ts";
import { openPackFile, type PackFile } from "./pack-file.ts";
import { formatPack, formatPackEntry, type Pack } from "./pack-format.ts";
import type { PackOwner, PackWork } from "./pack-work.ts";
import type { GitObject } from "./packed-object.ts";

export type ObjectStore = ReturnType<typeof createObjectStore>;

const inflateAside = promisify<Buffer, Buffer>(inflate);

/** What an open pack takes beside its index. */
const OPEN_PACK_BYTES = 1024;

interface Added {
  readonly kind: string;
  /** Deflated, as it goes into a pack. */
  readonly entry: Buffer;
  readonly dataAt: number;
}

/** `contents`: shared by all copies, its keys begin with the copy's own `name`, so that no copy gives what is another's. */
export function createObjectStore(name: string, contents: ContentCache<string>, { readObject }: Pick<PackWork, "readObject">) {
  const packs: PackFile[] = [];
  let indexBytes = 0;
  const added = new Map<string, Added>();

  const keyOf = (kind: string, id: string) => `${name}:${kind}:${id}`;

  async function find(id: string, owner: PackOwner): Promise<GitObject> {
    const own = added.get(id);
    if (own) return { kind: own.kind, content: await inflateAside(own.entry.subarray(own.dataAt)) };
    // The newest pack first: what was pushed or fetched last is asked for most.
    for (let at = packs.length - 1; at >= 0; at--) {
      const object = await packs[at]?.read(id, (path, packed) => readObject(path, packed, owner));
      if (object) return object;
    }
    throw new Error(`object ${id} is missing`);
  }

  return {
    /** An object that the store should have and can't give means a damaged copy, which is made anew. */
    async read(id: string, kind: string, owner: PackOwner): Promise<Buffer> {
      const known = contents.get(keyOf(kind, id));
      if (known) return known;
      try {
        const object = await find(id, owner);
        if (object.kind !== kind) throw new Error(`object ${id} is no ${kind}`);
        contents.put(keyOf(kind, id), object.content);
        return object.content;
      } catch (cause) {
        throw damagedCopy(cause);
      }
    },
    /** Whether a pack holds it: what was only added here is nobody's but ours. */
    has: (id: string) => packs.some((pack) => pack.has(id)),
    /** Keeps the object in memory until it is in a pack; its id. */
    async add(kind: string, content: Buffer): Promise<string> {
      const id = objectId(kind, content).toString("hex");
      added.set(id, { kind, ...(await formatPackEntry(kind, content)) });
      contents.put(keyOf(kind, id), content);
      return id;
    },
    /** A pack of those objects, which were added here. */
    async pack(ids: readonly string[]): Promise<Pack> {
      const objects = [...new Set(ids)].map((id) => {
        const object = added.get(id);
        if (!object) throw new ReconcileError("git_copy_damaged", "objects to push are gone from the local copy; they are made anew");
        return { id, entry: object.entry };
      });
      return formatPack(objects);
    },
    /** From now on the objects of that pack are read from it. */
    addPack(path: string, index: Buffer): void {
      packs.push(openPackFile(path, inOwnMemory(index), contents));
      indexBytes += index.length + OPEN_PACK_BYTES;
    },
    /** Drops what was added and is in no pack. */
    forgetAdded: () => added.clear(),
    get packs() {
      return packs.length;
    },
    /** What it keeps in memory: the packs' indexes, and what was added. */
    get memoryBytes() {
      return [...added.values()].reduce((bytes, { entry }) => bytes + entry.length, indexBytes);
    },
  };
}
