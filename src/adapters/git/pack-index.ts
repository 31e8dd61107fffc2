/**
 * The index of a pack that a server sent. isomorphic-git's own inflates whatever it is given;
 * this one judges every declared size first, names what is damaged, and lets the event loop breathe.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { ReconcileError } from "../../errors.ts";
import { createBreath } from "./breath.ts";
import { createContentCache } from "./content-cache.ts";
import { applyDelta, deltaResultSize } from "./pack-delta.ts";
import { inflateEntry, KINDS, MAX_DELTA_DEPTH, PACK_HEADER_BYTES, type PackEntry, readPackEntry } from "./pack-entry.ts";
import { formatIndex } from "./pack-index-format.ts";
import { createPackLimits, type PackLimits } from "./pack-limits.ts";

const TRAILER_BYTES = 20;

interface Entry extends PackEntry {
  readonly start: number;
  readonly crc: number;
}

/** An object whose content is known. */
interface Resolved {
  readonly entry: Entry;
  readonly kind: string;
  readonly id: string;
  readonly base: Resolved | undefined;
  readonly depth: number;
}

/** `git_limit` for a pack that would inflate to more than the limits allow, `git_copy_damaged` for one that is not sound. */
export async function indexPack(pack: Buffer, at: { repository: string; maxBytes: number }): Promise<Buffer> {
  const limits = createPackLimits(at);
  try {
    const { objects, checksum } = await readObjects(pack, limits);
    const places = objects.map(({ id, entry }) => ({ id, start: entry.start, crc: entry.crc }));
    return await formatIndex(places, checksum);
  } catch (cause) {
    if (cause instanceof ReconcileError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ReconcileError("git_copy_damaged", `${at.repository} sent a damaged pack (${why}); check it with git fsck`, { cause });
  }
}

async function readObjects(pack: Buffer, limits: PackLimits): Promise<{ objects: Resolved[]; checksum: Buffer }> {
  const end = pack.length - TRAILER_BYTES;
  if (end < PACK_HEADER_BYTES || pack.toString("latin1", 0, 4) !== "PACK" || pack.readUInt32BE(4) !== 2)
    throw new Error("no pack of version 2");
  const count = pack.readUInt32BE(8);
  limits.countObjects(count);
  const hash = createHash("sha1").update(pack.subarray(0, PACK_HEADER_BYTES));
  const body = pack.subarray(0, end);
  const objects = createObjects(body, limits);
  const breathe = createBreath();
  let start = PACK_HEADER_BYTES;
  for (let left = count; left > 0; left--) {
    const header = readPackEntry(body, start);
    if (header === "incomplete") throw new Error("it ends early");
    limits.declare(header.size);
    const inflated = inflateEntry(body, header);
    if (inflated === "incomplete") throw new Error("it ends early");
    const bytes = body.subarray(start, inflated.end);
    hash.update(bytes);
    await objects.add({ ...header, start, crc: crc32(bytes) }, inflated.content, breathe);
    start = inflated.end;
    await breathe();
  }
  const checksum = pack.subarray(end);
  if (start !== end || !hash.digest().equals(checksum)) throw new Error("its checksum is wrong");
  return { objects: objects.all(count), checksum };
}

function createObjects(pack: Buffer, limits: PackLimits) {
  const byStart = new Map<number, Resolved>();
  const byId = new Map<string, Resolved>();
  /** Deltas whose base (its place or its id) comes later in the pack. */
  const waiting = new Map<number | string, Entry[]>();
  const contents = createContentCache<Resolved>(limits.maxObjectBytes);

  /** From the cache, or built again from the nearest base that is there. */
  function contentOf(object: Resolved): Buffer {
    const chain: Resolved[] = [];
    let content: Buffer | undefined;
    for (let link: Resolved | undefined = object; link; link = link.base) {
      content = contents.get(link);
      if (content) break;
      chain.push(link);
    }
    for (const link of chain.reverse()) {
      limits.repeat(link.entry.size);
      const own = inflate(pack, link.entry);
      if (content) limits.repeat(deltaResultSize(own));
      content = content ? applyDelta(content, own) : own;
      contents.put(link, content);
    }
    return content as Buffer;
  }

  function resolve(entry: Entry, inflated: Buffer): Resolved | undefined {
    const { base: at, type } = entry;
    if (at === undefined) {
      const kind = KINDS.get(type);
      if (!kind) throw new Error(`an entry has the unknown type ${type}`);
      return record({ entry, kind, id: idOf(kind, inflated), base: undefined, depth: 0 }, inflated);
    }
    const base = typeof at === "number" ? byStart.get(at) : byId.get(at);
    if (!base) {
      const others = waiting.get(at);
      if (others) others.push(entry);
      else waiting.set(at, [entry]);
      return undefined;
    }
    if (base.depth >= MAX_DELTA_DEPTH) throw new Error(`more than ${MAX_DELTA_DEPTH} deltas on top of one another`);
    limits.declare(deltaResultSize(inflated));
    const content = applyDelta(contentOf(base), inflated);
    return record({ entry, kind: base.kind, id: idOf(base.kind, content), base, depth: base.depth + 1 }, content);
  }

  function record(object: Resolved, content: Buffer): Resolved {
    byStart.set(object.entry.start, object);
    // Of one that is there twice the first counts: it was made of earlier ones alone, so who follows deltas by id never comes round in a circle.
    if (!byId.has(object.id)) byId.set(object.id, object);
    contents.put(object, content);
    return object;
  }

  return {
    async add(entry: Entry, inflated: Buffer, breathe: () => Promise<void>): Promise<void> {
      const resolved = resolve(entry, inflated);
      const fresh = resolved ? [resolved] : [];
      for (let base = fresh.pop(); base; base = fresh.pop()) {
        for (const key of [base.entry.start, base.id]) {
          const delayed = waiting.get(key) ?? [];
          waiting.delete(key);
          for (const late of delayed) {
            limits.repeat(late.size);
            const next = resolve(late, inflate(pack, late));
            if (next) fresh.push(next);
            await breathe();
          }
        }
      }
    },
    all(count: number): Resolved[] {
      if (byStart.size !== count) throw new Error("a delta's base is missing");
      return [...byId.values()];
    },
  };
}

function inflate(pack: Buffer, entry: PackEntry): Buffer {
  const inflated = inflateEntry(pack, entry);
  if (inflated === "incomplete") throw new Error("it ends early");
  return inflated.content;
}

function idOf(kind: string, content: Buffer): string {
  return createHash("sha1").update(`${kind} ${content.length}\0`).update(content).digest("hex");
}
