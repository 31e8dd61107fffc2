/** A pack's index (version 2, gitformat-pack(5)): where in the pack each object is. */
import { createHash } from "node:crypto";

/** A row for each, in any order: tables and no objects, for a pack may have hundreds of thousands. */
interface PackedObjects {
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

export function formatIndex(objects: PackedObjects, packChecksum: Buffer): Buffer {
  const { ids, starts, crcs, isBefore = (a, b) => a < b } = objects;
  const compare = (a: number, b: number) => ids.compare(ids, b * ID_BYTES, (b + 1) * ID_BYTES, a * ID_BYTES, (a + 1) * ID_BYTES);
  // Nearly all are in order by their first four bytes, which are read once.
  const heads = Uint32Array.from(starts, (_, row) => ids.readUInt32BE(ID_BYTES * row));
  const rows = Uint32Array.from(starts, (_, row) => row).sort(
    (a, b) => (heads[a] ?? 0) - (heads[b] ?? 0) || compare(a, b) || (isBefore(a, b) ? -1 : 1),
  );
  const kept = rows.filter((row, i) => i === 0 || compare(rows[i - 1] ?? 0, row) !== 0);
  const fanout = Buffer.alloc(1024);
  const tables = { ids: Buffer.alloc(ID_BYTES * kept.length), crcs: Buffer.alloc(4 * kept.length), starts: Buffer.alloc(4 * kept.length) };
  for (const [i, row] of kept.entries()) {
    ids.copy(tables.ids, ID_BYTES * i, ID_BYTES * row, ID_BYTES * (row + 1));
    tables.crcs.writeUInt32BE(crcs[row] ?? 0, 4 * i);
    tables.starts.writeUInt32BE(starts[row] ?? 0, 4 * i);
    const first = ids[ID_BYTES * row] ?? 0;
    fanout.writeUInt32BE(fanout.readUInt32BE(4 * first) + 1, 4 * first);
  }
  for (let at = 4; at < fanout.length; at += 4) fanout.writeUInt32BE(fanout.readUInt32BE(at - 4) + fanout.readUInt32BE(at), at);
  const magicAndVersion = Buffer.from("ff744f6300000002", "hex");
  const index = Buffer.concat([magicAndVersion, fanout, tables.ids, tables.crcs, tables.starts, packChecksum]);
  return Buffer.concat([index, createHash("sha1").update(index).digest()]);
}
