/** Objects read out of one pack on disk by its index (version 2, gitformat-pack(5)); only the index stays in memory. */
import { open } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { firstWhere } from "../../../sharing/first-where.ts";
import type { ContentCache } from "./content-cache.ts";
import { inlineOrAside } from "./inline-work.ts";
import { MAX_DELTA_DEPTH, readPackEntry } from "./pack-entry.ts";
import { type GitObject, type PackedObject, readPackedObject } from "./packed-object.ts";

export type PackFile = ReturnType<typeof openPackFile>;

type ReadAside = (path: string, object: PackedObject) => Promise<GitObject>;

const PAGE_BYTES = 64 * 1024;
/** The most that the head of an entry has. */
const HEAD_BYTES = 64;

/** `pages`: where pieces of the file are kept, under its path. `index`: of `indexPack`, which has judged all sizes. */
export function openPackFile(path: string, index: Buffer, pages: ContentCache<string>) {
  const fanoutAt = 8;
  const idsAt = fanoutAt + 1024;
  const count = index.readUInt32BE(idsAt - 4);
  const startsAt = idsAt + 24 * count;

  function startOf(id: string): number | undefined {
    const wanted = Buffer.from(id, "hex");
    const first = wanted[0] ?? 0;
    const low = first === 0 ? 0 : index.readUInt32BE(fanoutAt + 4 * (first - 1));
    const high = index.readUInt32BE(fanoutAt + 4 * first);
    const compare = (row: number) => wanted.compare(index, idsAt + 20 * row, idsAt + 20 * (row + 1));
    const row = firstWhere(low, high, (one) => compare(one) <= 0);
    return row < high && compare(row) === 0 ? index.readUInt32BE(startsAt + 4 * row) : undefined;
  }

  async function pageAt(page: number): Promise<Buffer> {
    const key = `${path}#${page}`;
    const known = pages.get(key);
    if (known) return known;
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(PAGE_BYTES), 0, PAGE_BYTES, page * PAGE_BYTES);
    const bytes = buffer.subarray(0, bytesRead);
    pages.put(key, bytes);
    return bytes;
  }

  async function bytesAt(start: number, length: number): Promise<Buffer> {
    const first = Math.floor(start / PAGE_BYTES);
    const parts: Buffer[] = [];
    for (let page = first; page * PAGE_BYTES < start + length; page++) parts.push(await pageAt(page));
    const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    return bytes.subarray(start - first * PAGE_BYTES, start - first * PAGE_BYTES + length);
  }

  async function chainFrom(first: number): Promise<number[]> {
    const chain: number[] = [];
    for (let start: number | undefined = first; start !== undefined; ) {
      if (chain.push(start) > MAX_DELTA_DEPTH + 1) throw new Error("the pack's deltas have no end");
      const entry = readPackEntry(await bytesAt(start, HEAD_BYTES), 0, start);
      if (entry === "incomplete") throw new Error("the pack ends early");
      start = typeof entry.base === "string" ? startOf(entry.base) : entry.base;
    }
    return chain;
  }

  return {
    has: (id: string) => startOf(id) !== undefined,
    /** Undefined when the pack does not hold it. `readAside`: for what is much work. */
    async read(id: string, readAside: ReadAside): Promise<GitObject | undefined> {
      const start = startOf(id);
      if (start === undefined) return undefined;
      // Pages that are in memory make no turn: a path of many folders would be read in one piece.
      await nextTurn();
      const object = { id, chain: await chainFrom(start) };
      return inlineOrAside(
        (spend) => readPackedObject(object, bytesAt, spend),
        () => readAside(path, object),
      );
    },
  };
}
