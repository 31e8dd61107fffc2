export interface Given<T> {
  readonly value: T;
  readonly buffers: ArrayBuffer[];
  /** What the value takes, about. */
  readonly bytes: number;
}

/** A record of lists of buffers. */
const MOST_DEEP = 3;

/**
 * A value as it goes to another thread: the memory of its typed arrays is handed over, not copied, and they are empty here afterwards. One that
 * shows only a part of its memory, as small Buffers do, is copied to memory of its own first.
 */
export function giveAway<T>(value: T): Given<T> {
  const buffers = new Set<ArrayBuffer>();
  let bytes = 0;
  function give(part: unknown, depth: number): unknown {
    if (typeof part === "string") bytes += 2 * part.length;
    if (ArrayBuffer.isView(part)) {
      bytes += part.byteLength;
      const own = isWhole(part) && !buffers.has(part.buffer) ? part : copied(part);
      buffers.add(own.buffer as ArrayBuffer);
      return own;
    }
    if (typeof part !== "object" || part === null || depth > MOST_DEEP) return part;
    if (Array.isArray(part)) return part.map((item) => give(item, depth + 1));
    if (Object.getPrototypeOf(part) !== Object.prototype) return part;
    return Object.fromEntries(Object.entries(part).map(([name, field]) => [name, give(field, depth + 1)]));
  }
  return { value: give(value, 0) as T, buffers: [...buffers], bytes };
}

function isWhole(view: ArrayBufferView): view is ArrayBufferView<ArrayBuffer> {
  return view.buffer instanceof ArrayBuffer && view.byteLength === view.buffer.byteLength;
}

function copied(view: ArrayBufferView): ArrayBufferView {
  const { buffer, byteOffset, byteLength } = view;
  const Kind = Buffer.isBuffer(view) ? Uint8Array : (view.constructor as Uint8ArrayConstructor);
  return new Kind(buffer.slice(byteOffset, byteOffset + byteLength));
}
