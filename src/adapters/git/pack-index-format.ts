/** A pack's index (version 2, gitformat-pack(5)): where in the pack each object is. */
import { createHash } from "node:crypto";
import { createBreath } from "./breath.ts";

export interface PackedObject {
  readonly id: string;
  /** Where its entry begins. */
  readonly start: number;
  /** Of the entry's bytes. */
  readonly crc: number;
}

/** Sorted by id, in 256 parts by its first byte: the parts' ends are the index's first table. */
export async function formatIndex(objects: readonly PackedObject[], packChecksum: Buffer): Promise<Buffer> {
  const parts = Array.from({ length: 256 }, (): PackedObject[] => []);
  for (const object of objects) parts[Number.parseInt(object.id.slice(0, 2), 16)]?.push(object);
  const breathe = createBreath();
  const count = objects.length;
  const tables = {
    fanout: Buffer.alloc(1024),
    ids: Buffer.alloc(20 * count),
    crcs: Buffer.alloc(4 * count),
    starts: Buffer.alloc(4 * count),
  };
  let row = 0;
  for (const [first, part] of parts.entries()) {
    part.sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const { id, crc, start } of part) {
      tables.ids.write(id, 20 * row, "hex");
      tables.crcs.writeUInt32BE(crc, 4 * row);
      tables.starts.writeUInt32BE(start, 4 * row);
      row += 1;
    }
    tables.fanout.writeUInt32BE(row, 4 * first);
    await breathe();
  }
  const magicAndVersion = Buffer.from("ff744f6300000002", "hex");
  const index = Buffer.concat([magicAndVersion, tables.fanout, tables.ids, tables.crcs, tables.starts, packChecksum]);
  return Buffer.concat([index, createHash("sha1").update(index).digest()]);
}
