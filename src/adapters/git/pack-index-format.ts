/** A pack's index (version 2, gitformat-pack(5)): where in the pack each object is. */
import { createHash } from "node:crypto";
import { createBreath } from "./breath.ts";

/** A row for each, in any order: tables and no objects, for a pack may have hundreds of thousands. */
export interface PackedObjects {
  /** 20 bytes each. */
  readonly ids: Buffer;
  /** Where the entries begin. */
  readonly starts: Uint32Array;
  /** Of the entries' bytes. */
  readonly crcs: Uint32Array;
  /** Of an object that is there twice, which row counts; by default the first. */
  readonly isBefore?: (a: number, b: number) => boolean;
}

export const ID_BYTES = 20;
/** Sorting more at once would keep the event loop waiting. */
const MOST_SORTED = 4096;

export async function formatIndex(objects: PackedObjects, packChecksum: Buffer): Promise<Buffer> {
  const { ids, starts, crcs, isBefore = (a, b) => a < b } = objects;
  const compare = (a: number, b: number) => ids.compare(ids, b * ID_BYTES, (b + 1) * ID_BYTES, a * ID_BYTES, (a + 1) * ID_BYTES);
  const fanout = Buffer.alloc(1024);
  const tables = { ids: Buffer.alloc(ids.length), crcs: Buffer.alloc(4 * starts.length), starts: Buffer.alloc(4 * starts.length) };
  let count = 0;
  const breathe = createBreath();
  const rows = Uint32Array.from(starts, (_, row) => row);
  for (const part of partsInOrder(ids, rows)) {
    const isOneObject = part.length > MOST_SORTED;
    const sorted = isOneObject
      ? [part.reduce((first, row) => (isBefore(row, first) ? row : first))]
      : part.sort((a, b) => compare(a, b) || (isBefore(a, b) ? -1 : 1));
    for (const [i, row] of sorted.entries()) {
      if (i > 0 && compare(sorted[i - 1] ?? 0, row) === 0) continue;
      ids.copy(tables.ids, ID_BYTES * count, ID_BYTES * row, ID_BYTES * (row + 1));
      tables.crcs.writeUInt32BE(crcs[row] ?? 0, 4 * count);
      tables.starts.writeUInt32BE(starts[row] ?? 0, 4 * count);
      count += 1;
      const first = ids[ID_BYTES * row] ?? 0;
      fanout.writeUInt32BE(fanout.readUInt32BE(4 * first) + 1, 4 * first);
    }
    await breathe();
  }
  for (let at = 4; at < fanout.length; at += 4) fanout.writeUInt32BE(fanout.readUInt32BE(at - 4) + fanout.readUInt32BE(at), at);
  const magicAndVersion = Buffer.from("ff744f6300000002", "hex");
  const used = [tables.ids.subarray(0, ID_BYTES * count), tables.crcs.subarray(0, 4 * count), tables.starts.subarray(0, 4 * count)];
  const index = Buffer.concat([magicAndVersion, fanout, ...used, packChecksum]);
  return Buffer.concat([index, createHash("sha1").update(index).digest()]);
}

/** Parts one after the other in the order of their ids, each of few rows or of one object alone: ids that begin alike can be made at will. */
function* partsInOrder(ids: Buffer, rows: Uint32Array, byte = 0): Generator<Uint32Array> {
  if (rows.length <= MOST_SORTED || byte === ID_BYTES) yield rows;
  else for (const part of partsByByte(ids, rows, byte)) yield* partsInOrder(ids, part, byte + 1);
}

function partsByByte(ids: Buffer, rows: Uint32Array, byte: number): Uint32Array[] {
  const sizes = new Uint32Array(256);
  const valueAt = (row: number) => ids[row * ID_BYTES + byte] ?? 0;
  for (const row of rows) sizes[valueAt(row)] = (sizes[valueAt(row)] ?? 0) + 1;
  const parts = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (const row of rows) {
    const value = valueAt(row);
    const at = sizes[value] ?? 0;
    (parts[value] as Uint32Array)[at] = row;
    sizes[value] = at + 1;
  }
  return parts;
}
