/** For what is kept: a small Buffer is part of a larger piece of memory, all of which would be kept with it and counted by nobody. */
export function inOwnMemory(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength <= 2 * bytes.length) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}
