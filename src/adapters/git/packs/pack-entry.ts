/** One entry of a packfile: type and sizes, where its base is, and its inflated bytes (gitformat-pack(5)). */
import { inflateSync, type ZlibOptions } from "node:zlib";

export const PACK_HEADER_BYTES = 12;

/** Whole objects, by the numbers of their entry types. */
export const KINDS: ReadonlyMap<number, string> = new Map([
  [1, "commit"],
  [2, "tree"],
  [3, "blob"],
  [4, "tag"],
]);

/** Deeper chains than git itself can write would make each read slow. */
export const MAX_DELTA_DEPTH = 4095;

/** Numbers of the entry types that are deltas. */
const OFS_DELTA = 6;
const REF_DELTA = 7;

export interface PackEntry {
  readonly type: number;
  /** Of the inflated bytes, as the server declares it. */
  readonly size: number;
  /** A delta's base: its place in the pack, or its object id in hex. */
  readonly base: number | string | undefined;
  /** Where the deflated bytes begin. */
  readonly dataAt: number;
}

/** The header of the entry at `at`, `bytes` beginning at `packOffset` of the pack. */
export function readPackEntry(bytes: Buffer, at: number, packOffset = 0): PackEntry | "incomplete" {
  const start = packOffset + at;
  let next = bytes[at++];
  if (next === undefined) return "incomplete";
  const type = (next >> 4) & 7;
  let size = next & 0x0f;
  for (let scale = 16; next & 0x80; scale *= 128) {
    next = bytes[at++];
    if (next === undefined) return "incomplete";
    size += (next & 0x7f) * scale;
    if (!Number.isSafeInteger(size)) throw new Error("an entry declares an impossible size");
  }
  if (type === REF_DELTA) {
    if (bytes.length < at + 20) return "incomplete";
    return { type, size, base: bytes.toString("hex", at, at + 20), dataAt: at + 20 };
  }
  if (type !== OFS_DELTA) return { type, size, base: undefined, dataAt: at };
  let distance = -1;
  do {
    next = bytes[at++];
    if (next === undefined) return "incomplete";
    distance = (distance + 1) * 128 + (next & 0x7f);
    if (distance > start) throw new Error("a delta's base lies before the pack");
  } while (next & 0x80);
  return { type, size, base: start - distance, dataAt: at };
}

/** @types/node lacks the `info` form, which tells how much input was used. */
const inflateWithInfo = inflateSync as unknown as (
  packed: Buffer,
  options: ZlibOptions,
) => { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };

type InflatedEntry = { readonly content: Buffer; readonly end: number } | "incomplete";

/** Inflates exactly `size` bytes, and never holds more, whatever the server sent. */
export function inflateEntry(bytes: Buffer, { size, dataAt }: PackEntry): InflatedEntry {
  // More than any deflate makes of it (zlib's deflateBound): else megabytes of empty blocks could stand for a byte.
  const packed = bytes.subarray(dataAt, dataAt + 1024 + Math.ceil(1.25 * size));
  try {
    // One byte of room more than declared, so that zlib sees the end without a second buffer.
    const options = { info: true, chunkSize: Math.max(64, size + 1), maxOutputLength: Math.max(1, size) };
    const { buffer, engine } = inflateWithInfo(packed, options);
    if (buffer.length !== size) throw new Error(`an entry of ${buffer.length} bytes declares ${size}`);
    return { content: buffer, end: dataAt + engine.bytesWritten };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "Z_BUF_ERROR") return "incomplete";
    throw error;
  }
}
