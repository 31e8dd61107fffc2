/** The objects at the beginning of a packfile (gitformat-pack(5)), deltas on one another among them. */
import { ReconcileError } from "../../../errors.ts";
import { ENTRY_WORK, type Spend, TooMuchWork } from "./inline-work.ts";
import { objectId } from "./object-id.ts";
import { applyDelta, deltaResultSize } from "./pack-delta.ts";
import { inflateEntry, KINDS, PACK_HEADER_BYTES, readPackEntry } from "./pack-entry.ts";
import type { GitObject } from "./packed-object.ts";

interface HeadLimits {
  readonly objectBytes: number;
  /** Of all objects together, inflated. */
  readonly bytes: number;
  readonly objects: number;
  /** What is said of an object that has more. */
  tooLarge(): Error;
  tooMuch(): Error;
}

/** Tells `take` of one object after the other, up to the first that is none of these kinds. `pack`: as much of it as is there. */
export function readPackHead(
  pack: Buffer,
  kinds: readonly string[],
  limits: HeadLimits,
  spend: Spend,
  take: (object: GitObject) => void,
): "read" | "incomplete" {
  if (pack.length < PACK_HEADER_BYTES) return "incomplete";
  try {
    return readAll(pack, kinds, limits, spend, take);
  } catch (error) {
    if (error instanceof ReconcileError || error instanceof TooMuchWork) throw error;
    // What is thrown otherwise means that the bytes are no sound pack.
    throw damagedPack(error);
  }
}

function readAll(...[pack, kinds, limits, spend, take]: Parameters<typeof readPackHead>): "read" | "incomplete" {
  if (pack.toString("latin1", 0, 4) !== "PACK") throw new Error("no pack");
  const bases = createBases();
  let at = PACK_HEADER_BYTES;
  let bytes = 0;
  const total = pack.readUInt32BE(8);
  for (let count = 0; count < total; count++) {
    const entry = readPackEntry(pack, at);
    if (entry === "incomplete") return entry;
    const base = entry.base === undefined ? undefined : bases.find(entry.base);
    const kind = base?.kind ?? KINDS.get(entry.type);
    if (kind === undefined || !kinds.includes(kind)) break;
    requireFitting(entry.size);
    spend(entry.size + ENTRY_WORK);
    const inflated = inflateEntry(pack, entry);
    if (inflated === "incomplete") return inflated;
    const content = base ? build(base.content, inflated.content) : inflated.content;
    bytes += content.length;
    if (bytes > limits.bytes || count === limits.objects) throw limits.tooMuch();
    bases.add(at, { kind, content });
    take({ kind, content });
    at = inflated.end;
  }
  return "read";

  function build(base: Buffer, delta: Buffer): Buffer {
    const size = deltaResultSize(delta);
    requireFitting(size);
    spend(size);
    return applyDelta(base, delta);
  }

  function requireFitting(size: number): void {
    if (size > limits.objectBytes) throw limits.tooLarge();
  }
}

/** By place in the pack, and by id: deltas name their base so where a server does not offer `ofs-delta`. */
function createBases() {
  const byPlace = new Map<number, GitObject>();
  const byId = new Map<string, GitObject>();
  /** Most packs name none by its id, so none is hashed before. */
  let unnamed: GitObject[] = [];
  return {
    add(place: number, object: GitObject): void {
      byPlace.set(place, object);
      unnamed.push(object);
    },
    find(base: number | string): GitObject | undefined {
      if (typeof base === "number") return byPlace.get(base);
      for (const object of unnamed) byId.set(objectId(object.kind, object.content).toString("hex"), object);
      unnamed = [];
      return byId.get(base);
    },
  };
}

export function damagedPack(cause?: unknown): ReconcileError {
  return new ReconcileError("git_protocol", "the git server sent a damaged pack; it is asked again at the next pass", { cause });
}
