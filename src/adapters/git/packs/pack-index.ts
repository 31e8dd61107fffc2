/**
 * The index of a pack that a server sent. isomorphic-git's own inflates whatever it is given;
 * this one judges every declared size first, and names what is damaged.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { ReconcileError } from "../../../errors.ts";
import { createContentCache } from "./content-cache.ts";
import { type Spend, spendFreely, TooMuchWork } from "./inline-work.ts";
import { objectId } from "./object-id.ts";
import { applyDelta, deltaResultSize } from "./pack-delta.ts";
import { inflateEntry, KINDS, MAX_DELTA_DEPTH, PACK_HEADER_BYTES, type PackEntry, readPackEntry } from "./pack-entry.ts";
import { formatIndex } from "./pack-index-format.ts";
import { createPackLimits, type PackLimits, type PackOrigin } from "./pack-limits.ts";
import { createPackTable, type PackTable } from "./pack-table.ts";

const TRAILER_BYTES = 20;
const NO_BASE = -1;

/** `git_limit` for a pack that would inflate to more than the limits allow, `git_copy_damaged` for one that is not sound. */
export function indexPack(pack: Buffer, at: PackOrigin, spend: Spend = spendFreely): Buffer {
  const limits = createPackLimits(at, spend);
  try {
    const { table, checksum } = readObjects(pack, limits);
    return formatIndex(table, checksum);
  } catch (cause) {
    if (cause instanceof ReconcileError || cause instanceof TooMuchWork) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ReconcileError("git_copy_damaged", `${at.repository} sent a damaged pack (${why}); check it with git fsck`, { cause });
  }
}

function readObjects(pack: Buffer, limits: PackLimits): { table: PackTable; checksum: Buffer } {
  const end = pack.length - TRAILER_BYTES;
  if (end < PACK_HEADER_BYTES || pack.toString("latin1", 0, 4) !== "PACK" || pack.readUInt32BE(4) !== 2)
    throw new Error("no pack of version 2");
  const count = pack.readUInt32BE(8);
  limits.countObjects(count);
  const hash = createHash("sha1").update(pack.subarray(0, PACK_HEADER_BYTES));
  const body = pack.subarray(0, end);
  const table = createPackTable(count);
  const resolver = createResolver(body, table, limits);
  let start = PACK_HEADER_BYTES;
  for (let left = count; left > 0; left--) {
    const { entry, content, end: next } = inflate(body, start, limits.declare);
    const bytes = body.subarray(start, next);
    hash.update(bytes);
    resolver.add(table.add(start, crc32(bytes)), entry, content);
    start = next;
  }
  if (table.resolved !== count) throw new Error("a delta's base is missing");
  const checksum = pack.subarray(end);
  if (start !== end || !hash.digest().equals(checksum)) throw new Error("its checksum is wrong");
  return { table, checksum };
}

/** Finds out what each entry holds, deltas as soon as their base is known. */
function createResolver(pack: Buffer, table: PackTable, limits: PackLimits) {
  /** The rows of deltas whose base (its place or its id) comes later in the pack. */
  const waiting = new Map<number | string, number[]>();
  const contents = createContentCache<number>(limits.maxObjectBytes);

  /** From the cache, or built again from the nearest base that is there. */
  function contentOf(object: number): Buffer {
    const chain: number[] = [];
    let content: Buffer | undefined;
    for (let row = object; row !== NO_BASE; row = table.base(row)) {
      content = contents.get(row);
      if (content) break;
      chain.push(row);
    }
    for (const row of chain.reverse()) {
      const own = inflateAgain(row).content;
      if (content) limits.repeat(deltaResultSize(own));
      content = content ? applyDelta(content, own) : own;
      contents.put(row, content);
    }
    return content as Buffer;
  }

  const inflateAgain = (row: number) => inflate(pack, table.starts[row] ?? 0, limits.repeat);

  /** False: its base is not known yet. */
  function resolve(row: number, { base: at, type }: PackEntry, inflated: Buffer): boolean {
    if (at === undefined) {
      record(row, inflated, { type, base: NO_BASE, depth: 0 });
      return true;
    }
    const base = typeof at === "number" ? table.rowAt(at) : table.rowOf(at);
    if (base === undefined || table.type(base) === 0) {
      const others = waiting.get(at);
      if (others) others.push(row);
      else waiting.set(at, [row]);
      return false;
    }
    if (table.depth(base) >= MAX_DELTA_DEPTH) throw new Error(`more than ${MAX_DELTA_DEPTH} deltas on top of one another`);
    limits.declare(deltaResultSize(inflated));
    record(row, applyDelta(contentOf(base), inflated), { type: table.type(base), base, depth: table.depth(base) + 1 });
    return true;
  }

  function record(row: number, content: Buffer, object: { type: number; base: number; depth: number }): void {
    const kind = KINDS.get(object.type);
    if (!kind) throw new Error(`an entry has the unknown type ${object.type}`);
    const id = objectId(kind, content);
    table.resolve(row, { id, ...object });
    contents.put(row, content);
  }

  /** Those that have waited for it. */
  function take(row: number): number[] {
    if (waiting.size === 0) return [];
    const keys = [table.starts[row] ?? 0, table.id(row)];
    return keys.flatMap((key) => {
      const rows = waiting.get(key) ?? [];
      waiting.delete(key);
      return rows;
    });
  }

  return {
    add(row: number, entry: PackEntry, inflated: Buffer): void {
      const fresh = resolve(row, entry, inflated) ? [row] : [];
      for (let base = fresh.pop(); base !== undefined; base = fresh.pop()) {
        for (const late of take(base)) {
          const again = inflateAgain(late);
          if (resolve(late, again.entry, again.content)) fresh.push(late);
        }
      }
    },
  };
}

/** The entry that begins there; `judge` is told the size that it declares before a byte is inflated. */
function inflate(pack: Buffer, start: number, judge: (bytes: number) => void) {
  const entry = readPackEntry(pack, start);
  if (entry === "incomplete") throw new Error("it ends early");
  judge(entry.size);
  const inflated = inflateEntry(pack, entry);
  if (inflated === "incomplete") throw new Error("it ends early");
  return { entry, ...inflated };
}
