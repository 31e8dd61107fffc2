/** Fingerprints of a secret's parts: enough to find each part in a text, at a few bytes a part and without the secret itself. */
import { randomInt } from "node:crypto";
import { SHORTEST_PART, secretParts } from "./secret-parts.ts";

export interface SecretPrints {
  /** Of each part, by buckets: its beginning's fingerprint, its length, its two fingerprints, and the bases to the power of its length. */
  readonly numbers: Int32Array;
  /** Where the parts of each bucket begin, and the end of the last: nearly all are empty, which ends the search at a place of a text. */
  readonly buckets: Uint16Array;
}

interface Found {
  readonly at: number;
  readonly length: number;
  /** Which of the secrets. */
  readonly index: number;
}

const NUMBERS = 6;
/** Of polynomials modulo 2^32. Two texts alike in both fingerprints are as good as impossible, and would redact too much, never too little. */
const BASES = [randomInt(2 ** 16, 2 ** 31) | 1, randomInt(2 ** 16, 2 ** 31) | 1] as const;
const [BASE] = BASES;
const LEAVING = power(BASE, SHORTEST_PART);

export function fingerprintSecret(secretText: string): SecretPrints {
  const parts = secretParts(secretText).map((part) => [
    fingerprint(part.slice(0, SHORTEST_PART), BASE),
    part.length,
    ...BASES.map((base) => fingerprint(part, base)),
    ...BASES.map((base) => power(base, part.length)),
  ]);
  const buckets = new Uint16Array(2 ** Math.ceil(Math.log2(2 * parts.length + 1)) + 1);
  const bucketsOf = parts.map(([beginning = 0]) => bucketOf(beginning, buckets));
  for (const bucket of bucketsOf) buckets[bucket + 1] = (buckets[bucket + 1] ?? 0) + 1;
  for (let i = 1; i < buckets.length; i++) buckets[i] = (buckets[i] ?? 0) + (buckets[i - 1] ?? 0);
  parts.sort(([one = 0], [other = 0]) => bucketOf(one, buckets) - bucketOf(other, buckets));
  return { numbers: Int32Array.from(parts.flat()), buckets };
}

/** By a rolling hash (Rabin and Karp), from left to right, at each place the longest; what it covers is not looked at again. */
export function findSecrets(text: string, secrets: readonly SecretPrints[]): Found[] {
  const places: Found[] = [];
  const matches = pieceMatcher(text);
  const last = text.length - SHORTEST_PART;
  let beginning = fingerprint(text.slice(0, SHORTEST_PART), BASE);
  let covered = 0;
  for (let at = 0; at <= last; at++) {
    let found: Found | undefined;
    for (let index = 0; at >= covered && index < secrets.length; index++) {
      const secret = secrets[index] as SecretPrints;
      const bucket = bucketOf(beginning, secret.buckets);
      if (secret.buckets[bucket] === secret.buckets[bucket + 1]) continue;
      const length = longestPart(secret, bucket, beginning, (from) => matches(at, secret.numbers, from));
      if (length > (found?.length ?? 0)) found = { at, length, index };
    }
    if (found) {
      places.push(found);
      covered = at + found.length;
    }
    if (at < last) {
      const entering = text.charCodeAt(at + SHORTEST_PART) + 1;
      beginning = (Math.imul(beginning, BASE) + entering - Math.imul(text.charCodeAt(at) + 1, LEAVING)) | 0;
    }
  }
  return places;
}

function bucketOf(beginning: number, { length }: Uint16Array): number {
  return (beginning ^ (beginning >>> 16)) & (length - 2);
}

function longestPart({ numbers, buckets }: SecretPrints, bucket: number, beginning: number, isThere: (from: number) => boolean): number {
  let longest = 0;
  const end = (buckets[bucket + 1] ?? 0) * NUMBERS;
  for (let from = (buckets[bucket] ?? 0) * NUMBERS; from < end; from += NUMBERS) {
    const length = numbers[from + 1] ?? 0;
    if (numbers[from] === beginning && length > longest && isThere(from)) longest = length;
  }
  return longest;
}

/** Whether the text holds at that place the part whose numbers begin there. */
function pieceMatcher(text: string) {
  // Most texts never need them.
  let sums: readonly Int32Array[] | undefined;
  return (at: number, numbers: Int32Array, from: number): boolean => {
    const end = at + (numbers[from + 1] ?? 0);
    if (end > text.length) return false;
    sums ??= BASES.map((base) => beginningsOf(text, base));
    return sums.every((sum, i) => (((sum[end] ?? 0) - Math.imul(sum[at] ?? 0, numbers[from + 4 + i] ?? 0)) | 0) === numbers[from + 2 + i]);
  };
}

/** The fingerprint of the text's first characters, for each number of them. */
function beginningsOf(text: string, base: number): Int32Array {
  const sums = new Int32Array(text.length + 1);
  for (let i = 0; i < text.length; i++) sums[i + 1] = Math.imul(sums[i] ?? 0, base) + text.charCodeAt(i) + 1;
  return sums;
}

function fingerprint(text: string, base: number): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, base) + text.charCodeAt(i) + 1) | 0;
  return sum;
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i++) result = Math.imul(result, base);
  return result;
}
