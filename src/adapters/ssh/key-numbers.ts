/** How long the numbers of a private key are, read before anything is computed with them: what a signature costs grows with the cube of that. */

import { readStrings } from "./ssh-strings.ts";

/** `numbers`: of RSA, in the order n, e, d, then the primes and what is made of them. `unknown`: of a type that no git host takes. */
export type KeyNumbers =
  | { readonly kind: "rsa"; readonly numbers: readonly Buffer[] }
  | { readonly kind: "other" | "dsa" | "unknown" | "damaged" };

/** RFC 8017, A.1; RFC 5480; RFC 8410; RFC 3279. */
const typeOfOid: Readonly<Record<string, "rsa" | "other" | "dsa">> = {
  "2a864886f70d010101": "rsa",
  "2a8648ce3d0201": "other",
  "2b6570": "other",
  "2a8648ce380401": "dsa",
};
const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const SEQUENCE = 0x30;

const damaged: KeyNumbers = { kind: "damaged" };

/** PKCS#1 (RFC 8017, A.1.2): a version, then eight numbers. A version other than 0 has more than two primes, which ssh knows nothing of. */
export function numbersOfPkcs1(der: Buffer): KeyNumbers {
  const [version, ...numbers] = elementsOf(der, SEQUENCE) ?? [];
  const isKey = numbers.length === 8 && [version, ...numbers].every((element) => element?.tag === INTEGER);
  if (!isKey || version?.content.equals(Buffer.of(0)) !== true) return damaged;
  return { kind: "rsa", numbers: numbers.map(({ content }) => withoutZeros(content)) };
}

/** PKCS#8 (RFC 5958): a version, the algorithm, the key in the algorithm's own form. */
export function numbersOfPkcs8(der: Buffer): KeyNumbers {
  const [, algorithm, key] = elementsOf(der, SEQUENCE) ?? [];
  if (algorithm?.tag !== SEQUENCE || key?.tag !== OCTET_STRING) return damaged;
  const [id] = elements(algorithm.content) ?? [];
  if (id?.tag !== OBJECT_ID) return damaged;
  const type = typeOfOid[id.content.toString("hex")];
  return type === "rsa" ? numbersOfPkcs1(key.content) : { kind: type ?? "unknown" };
}

/** OpenSSH's own format (PROTOCOL.key), after its magic: cipher, kdf, kdf options, the number of keys, the public key, the private section. */
export function numbersOfOpenSsh(bytes: Buffer): KeyNumbers {
  const head = readStrings(bytes, 3);
  if (!head || head.rest.length < 4 || head.rest.readUInt32BE(0) !== 1) return damaged;
  const [, section] = readStrings(head.rest.subarray(4), 2)?.found ?? [];
  // It begins with a number twice, which proves that it was decrypted.
  const [type, ...numbers] = readStrings(section?.subarray(8) ?? Buffer.alloc(0), 1)?.found ?? [];
  if (!section || !type || numbers.length > 0) return damaged;
  if (type.toString("latin1") !== "ssh-rsa") return { kind: "other" };
  const rsa = readStrings(section.subarray(8), 7)?.found.slice(1).map(withoutZeros);
  return rsa ? { kind: "rsa", numbers: rsa } : damaged;
}

export function bitsOf(number: Buffer): number {
  const [first] = number;
  return first === undefined ? 0 : 8 * number.length - Math.clz32(first) + 24;
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** More than any key has. */
const MOST_ELEMENTS = 16;

/** What is in the one element that the bytes are. */
function elementsOf(der: Buffer, tag: number): Element[] | undefined {
  const [only, ...more] = elements(der) ?? [];
  return only?.tag === tag && more.length === 0 ? elements(only.content) : undefined;
}

/** Undefined: they are not DER (X.690), or too many. */
function elements(der: Buffer): Element[] | undefined {
  const found: Element[] = [];
  for (let at = 0; at < der.length; ) {
    const tag = der[at] ?? 0;
    const first = der[at + 1];
    // The low bits of a first byte above 128 say how many bytes the length has; 128 itself is BER's "until its end".
    const bytes = first === undefined || first < 0x80 ? 0 : first & 0x7f;
    if (first === undefined || first === 0x80 || bytes > 4 || at + 2 + bytes > der.length) return undefined;
    const start = at + 2 + bytes;
    const end = start + (bytes === 0 ? first : der.readUIntBE(at + 2, bytes));
    if (end > der.length || found.length === MOST_ELEMENTS) return undefined;
    found.push({ tag, content: der.subarray(start, end) });
    at = end;
  }
  return found;
}

function withoutZeros(number: Buffer): Buffer {
  const start = number.findIndex((byte) => byte !== 0);
  return start < 0 ? Buffer.alloc(0) : number.subarray(start);
}
