/** The length-prefixed strings that SSH's keys are made of (RFC 4251, 5). */

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function sshString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** The first `count` strings, and what follows them; undefined: there are fewer. */
export function readStrings(bytes: Buffer, count: number): { readonly found: Buffer[]; readonly rest: Buffer } | undefined {
  const found: Buffer[] = [];
  let at = 0;
  while (found.length < count) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return undefined;
    found.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return { found, rest: bytes.subarray(at) };
}
