/** Packs as no honest git would write them, byte by byte (gitformat-pack(5)). */
import { createHash } from "node:crypto";
import { constants, deflateSync } from "node:zlib";

export interface RawEntry {
  /** 1 commit, 2 tree, 3 blob, 4 tag, 6 delta on an offset, 7 delta on an id. */
  readonly type: number;
  readonly content: Buffer;
  /** Default: the truth. */
  readonly declaredSize?: number;
  /** Bytes of deflate blocks that hold nothing, in front of the content. */
  readonly emptyBytes?: number;
  /** Of deflate; 0, for much that can't be made smaller, stores it. */
  readonly level?: number;
  /** Of a delta: how many entries before it, or the id in hex. */
  readonly base?: number | string;
}

export function rawPack(entries: readonly RawEntry[], count = entries.length): Buffer {
  const header = Buffer.from("PACK\0\0\0\x02\0\0\0\0", "latin1");
  header.writeUInt32BE(count, 8);
  const parts = [header];
  const starts: number[] = [];
  let at = header.length;
  for (const [i, { type, content, declaredSize = content.length, emptyBytes = 0, level, base }] of entries.entries()) {
    const where = typeof base === "number" ? distance(at - (starts[i - base] ?? at)) : Buffer.from(base ?? "", "hex");
    const bytes = Buffer.concat([sizeAndType(type, declaredSize), where, deflated(content, emptyBytes, level)]);
    starts.push(at);
    parts.push(bytes);
    at += bytes.length;
  }
  return sealed(Buffer.concat(parts));
}

/** RFC 1951: stored blocks of length 0. */
function deflated(content: Buffer, emptyBytes: number, level = constants.Z_DEFAULT_COMPRESSION): Buffer {
  const bytes = deflateSync(content, { level });
  const empty = Buffer.from("000000ffff", "hex");
  return Buffer.concat([bytes.subarray(0, 2), Buffer.alloc(emptyBytes - (emptyBytes % empty.length), empty), bytes.subarray(2)]);
}

/** With a right checksum. */
export function sealed(body: Buffer): Buffer {
  return Buffer.concat([body, createHash("sha1").update(body).digest()]);
}

export function blobId(content: Buffer): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

/** A delta that inserts `text` and copies `copies` times the whole base (of at most 65,535 bytes); `resultSize`: default the truth. */
export function rawDelta(baseSize: number, text: string, copies: number, resultSize = text.length + copies * baseSize): Buffer {
  const copy = [0xb0, baseSize & 0xff, baseSize >> 8];
  const insert = text ? [text.length, ...Buffer.from(text)] : [];
  return Buffer.from([
    ...littleEndian(baseSize),
    ...littleEndian(resultSize),
    ...insert,
    ...Array.from({ length: copies }, () => copy).flat(),
  ]);
}

/** A delta that copies the base's first byte so many times, an instruction each. */
export function byteByByteDelta(baseSize: number, copies: number): Buffer {
  return Buffer.concat([
    Buffer.from([...littleEndian(baseSize), ...littleEndian(copies)]),
    Buffer.alloc(2 * copies, Buffer.from([0x90, 1])),
  ]);
}

function sizeAndType(type: number, size: number): Buffer {
  const rest = Math.floor(size / 16);
  return Buffer.from([(type << 4) | (size % 16) | (rest > 0 ? 0x80 : 0), ...(rest > 0 ? littleEndian(rest) : [])]);
}

function littleEndian(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 0x80, ...littleEndian(Math.floor(value / 128))];
}

function distance(value: number): Buffer {
  const bytes = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift(0x80 | (--rest & 0x7f));
  return Buffer.from(bytes);
}
