/** Objects read out of one pack on disk by its index (version 2, gitformat-pack(5)); only the index stays in memory. */
import { open } from "node:fs/promises";
import type { ContentCache } from "./content-cache.ts";
import { applyDelta } from "./pack-delta.ts";
import { inflateLargeEntry, KINDS, MAX_DELTA_DEPTH, type PackEntry, readPackEntry } from "./pack-entry.ts";

export interface GitObject {
  readonly kind: string;
  readonly content: Buffer;
}

export interface PackFile {
  has(id: string): boolean;
  /** Undefined when the pack does not hold it. */
  read(id: string): Promise<GitObject | undefined>;
}

const PAGE_BYTES = 64 * 1024;
/** More than most entries have; what is longer is read at its declared size. */
const ENTRY_BYTES = 4 * 1024;

/** `pages`: where pieces of the file are kept, under its path. `index`: of `indexPack`, which has judged all sizes. */
export function openPackFile(path: string, index: Buffer, pages: ContentCache<string>): PackFile {
  const fanoutAt = 8;
  const idsAt = fanoutAt + 1024;
  const count = index.readUInt32BE(idsAt - 4);
  const startsAt = idsAt + 24 * count;

  function startOf(id: string): number | undefined {
    const wanted = Buffer.from(id, "hex");
    const first = wanted[0] ?? 0;
    let low = first === 0 ? 0 : index.readUInt32BE(fanoutAt + 4 * (first - 1));
    let high = index.readUInt32BE(fanoutAt + 4 * first);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = idsAt + 20 * middle;
      const order = wanted.compare(index, at, at + 20);
      if (order === 0) return index.readUInt32BE(startsAt + 4 * middle);
      if (order < 0) high = middle;
      else low = middle + 1;
    }
    return undefined;
  }

  async function pageAt(page: number): Promise<Buffer> {
    const key = `${path}#${page}`;
    const known = pages.get(key);
    if (known) return known;
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(PAGE_BYTES), 0, PAGE_BYTES, page * PAGE_BYTES);
      const bytes = buffer.subarray(0, bytesRead);
      pages.put(key, bytes);
      return bytes;
    } finally {
      await file.close();
    }
  }

  async function bytesAt(start: number, length: number): Promise<Buffer> {
    const first = Math.floor(start / PAGE_BYTES);
    const parts: Buffer[] = [];
    for (let page = first; page * PAGE_BYTES < start + length; page++) parts.push(await pageAt(page));
    const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    return bytes.subarray(start - first * PAGE_BYTES, start - first * PAGE_BYTES + length);
  }

  async function entryAt(start: number): Promise<{ entry: PackEntry; content: Buffer }> {
    for (let length = ENTRY_BYTES; ; ) {
      const bytes = await bytesAt(start, length);
      const entry = readPackEntry(bytes, 0, start);
      const inflated = entry === "incomplete" ? entry : await inflateLargeEntry(bytes, entry);
      if (entry !== "incomplete" && inflated !== "incomplete") return { entry, content: inflated.content };
      if (bytes.length < length) throw new Error("the pack ends early");
      length = Math.max(2 * length, entry === "incomplete" ? 0 : entry.size);
    }
  }

  return {
    has: (id) => startOf(id) !== undefined,
    async read(id) {
      const deltas: Buffer[] = [];
      for (let start = startOf(id); start !== undefined; ) {
        const { entry, content } = await entryAt(start);
        const kind = KINDS.get(entry.type);
        if (kind) return { kind, content: deltas.reduceRight(applyDelta, content) };
        if (deltas.push(content) > MAX_DELTA_DEPTH) throw new Error("the pack's deltas have no end");
        start = typeof entry.base === "string" ? startOf(entry.base) : entry.base;
      }
      return undefined;
    },
  };
}
