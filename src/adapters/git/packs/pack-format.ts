/** A packfile of whole objects (gitformat-pack(5)), and its index. */
import { createHash } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import { crc32, deflate } from "node:zlib";
import { KINDS, PACK_HEADER_BYTES } from "./pack-entry.ts";
import { formatIndex, ID_BYTES } from "./pack-index-format.ts";

export interface Pack {
  readonly bytes: Buffer;
  readonly index: Buffer;
}

const types = new Map([...KINDS].map(([type, kind]) => [kind, type]));

const deflateAside = promisify(deflate);
/** Deflated in one go: each is a turn of the event loop. */
const CHUNK_BYTES = 2 ** 20;

/** One object's entry, and where in it the deflated bytes begin. A folder of 100,000 files takes a tenth of a second, in a thread of libuv's. */
export async function formatPackEntry(kind: string, content: Buffer): Promise<{ entry: Buffer; dataAt: number }> {
  const header: number[] = [];
  let byte = ((types.get(kind) ?? 0) << 4) | (content.length & 0x0f);
  for (let left = Math.floor(content.length / 16); left > 0; left = Math.floor(left / 128)) {
    header.push(byte | 0x80);
    byte = left & 0x7f;
  }
  header.push(byte);
  const deflated = await deflateAside(content, { chunkSize: Math.max(64, Math.min(content.length, CHUNK_BYTES)) });
  return { entry: Buffer.concat([Buffer.from(header), deflated]), dataAt: header.length };
}

/** Others have their turns between the megabytes: a push may have a hundred. */
export async function formatPack(objects: readonly { readonly id: string; readonly entry: Buffer }[]): Promise<Pack> {
  const head = Buffer.from("PACK\0\0\0\x02\0\0\0\0", "latin1");
  head.writeUInt32BE(objects.length, 8);
  const hash = createHash("sha1").update(head);
  const bytes = Buffer.allocUnsafeSlow(objects.reduce((sum, { entry }) => sum + entry.length, PACK_HEADER_BYTES + ID_BYTES));
  head.copy(bytes);
  const starts = new Uint32Array(objects.length);
  const crcs = new Uint32Array(objects.length);
  let end = PACK_HEADER_BYTES;
  let turnAt = CHUNK_BYTES;
  for (const [row, { entry }] of objects.entries()) {
    starts[row] = end;
    for (let at = 0; at < entry.length; at += CHUNK_BYTES) {
      const part = entry.subarray(at, at + CHUNK_BYTES);
      hash.update(part);
      crcs[row] = crc32(part, crcs[row]);
      end += part.copy(bytes, end);
      if (end < turnAt) continue;
      turnAt = end + CHUNK_BYTES;
      await turn();
    }
  }
  const checksum = hash.digest();
  checksum.copy(bytes, end);
  const ids = Buffer.from(objects.map(({ id }) => id).join(""), "hex");
  return { bytes, index: formatIndex({ ids, starts, crcs }, checksum) };
}
