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

export async function formatIndex(objects: PackedObjects, packChecksum: Buffer): Promise<Buffer> {
  const { ids, starts, crcs, isBefore = (a, b) => a < b } = objects;
  const compare = (a: number, b: number) => ids.compare(ids, b * ID_BYTES, (b + 1) * ID_BYTES, a * ID_BYTES, (a + 1) * ID_BYTES);
  const fanout = Buffer.alloc(1024);
  const rows = new Uint32Array(starts.length);
  let count = 0;
  const breathe = createBreath();
  for (const [first, part] of byFirstByte(objects).entries()) {
    part.sort((a, b) => compare(a, b) || (isBefore(a, b) ? -1 : 1));
    for (const row of part) if (count === 0 || compare(rows[count - 1] ?? 0, row) !== 0) rows[count++] = row;
    fanout.writeUInt32BE(count, 4 * first);
    await breathe();
  }
  const tables = { ids: Buffer.alloc(ID_BYTES * count), crcs: Buffer.alloc(4 * count), starts: Buffer.alloc(4 * count) };
  for (let at = 0; at < count; at++) {
    const row = rows[at] ?? 0;
    ids.copy(tables.ids, ID_BYTES * at, ID_BYTES * row, ID_BYTES * (row + 1));
    tables.crcs.writeUInt32BE(crcs[row] ?? 0, 4 * at);
    tables.starts.writeUInt32BE(starts[row] ?? 0, 4 * at);
  }
  const magicAndVersion = Buffer.from("ff744f6300000002", "hex");
  const index = Buffer.concat([magicAndVersion, fanout, tables.ids, tables.crcs, tables.starts, packChecksum]);
  return Buffer.concat([index, createHash("sha1").update(index).digest()]);
}

/** The rows in 256 parts: the parts' ends are the index's first table, and between them is time to breathe. */
function byFirstByte({ ids, starts }: PackedObjects): Uint32Array[] {
  const sizes = new Uint32Array(256);
  const firstByte = (row: number) => ids[row * ID_BYTES] ?? 0;
  for (let row = 0; row < starts.length; row++) sizes[firstByte(row)] = (sizes[firstByte(row)] ?? 0) + 1;
  const parts = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (let row = 0; row < starts.length; row++) {
    const first = firstByte(row);
    const at = sizes[first] ?? 0;
    (parts[first] as Uint32Array)[at] = row;
    sizes[first] = at + 1;
  }
  return parts;
}
