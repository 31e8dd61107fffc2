/** Deltas of a packfile: copy and insert instructions that make an object out of another (gitformat-pack(5)). */

/** A call of `copy` costs as much as this many bytes; a delta may have millions of instructions for a byte each. */
const SHORT_BYTES = 32;

/**
 * A delta may have as many instructions as a quarter of what it and its result have in bytes, and these. git copies no less than 4 bytes at a
 * time (diff-delta.c), so no delta of its own has more; and the instructions cost no more than inflating and hashing those bytes.
 */
const FREE_INSTRUCTIONS = 1_024;

/** The size that the delta's result will have, as its header declares it. */
export function deltaResultSize(delta: Buffer): number {
  return readHeader(delta).resultSize;
}

/** The object that `delta` makes of `base`; throws when any part of it does not fit. The caller has judged `deltaResultSize`. */
export function applyDelta(base: Buffer, delta: Buffer): Buffer {
  const { baseSize, resultSize, instructionsAt } = readHeader(delta);
  if (baseSize !== base.length) throw new Error("a delta is for a base of another size");
  const result = Buffer.allocUnsafe(resultSize);
  let built = 0;
  let at = instructionsAt;
  let left = FREE_INSTRUCTIONS + Math.floor((delta.length + resultSize) / 4);
  const add = (from: Buffer, start: number, length: number) => {
    if (start + length > from.length || built + length > resultSize) throw new Error("a delta reaches beyond its base or its result");
    if (length > SHORT_BYTES) built += from.copy(result, built, start, start + length);
    else for (const end = start + length; start < end; start++) result[built++] = from[start] ?? 0;
  };
  while (at < delta.length) {
    if (--left < 0) throw new Error("a delta has more instructions than it needs");
    const op = delta[at++] ?? 0;
    if (op === 0) throw new Error("a delta has an unknown instruction");
    if (!(op & 0x80)) {
      add(delta, at, op);
      at += op;
      continue;
    }
    const field = (first: number, count: number) => {
      let value = 0;
      for (let i = 0; i < count; i++) if (op & (first << i)) value += (delta[at++] ?? 0) * 2 ** (8 * i);
      return value;
    };
    const start = field(0x01, 4);
    add(base, start, field(0x10, 3) || 0x10000);
  }
  if (built !== resultSize) throw new Error("a delta makes less than it declares");
  return result;
}

function readHeader(delta: Buffer): { baseSize: number; resultSize: number; instructionsAt: number } {
  let at = 0;
  const size = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = delta[at++];
      if (byte === undefined) throw new Error("a delta ends in its header");
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) throw new Error("a delta declares an impossible size");
      if (!(byte & 0x80)) return value;
    }
  };
  return { baseSize: size(), resultSize: size(), instructionsAt: at };
}
