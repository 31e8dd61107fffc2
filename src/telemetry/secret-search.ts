/** Finds the parts of a Secret in a text, in time linear in the text whatever both are. */
import { firstWhere } from "../sharing/first-where.ts";
import { secretParts } from "./secret-parts.ts";

/** The parts one behind the other in the order of their bytes, and where each begins and the last ends: little more memory than their bytes. */
export interface SearchedSecret {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
}

/**
 * So much of a part's beginning is taken for the part: a text may be cut within a secret. It makes the search linear too: at a place that is
 * shown no more bytes were compared than these, and what was compared beyond is not shown and not looked at again.
 */
const TELLING_BYTES = 16;

export function searchedSecret(secretText: string): SearchedSecret {
  const parts = secretParts(secretText)
    .map((part) => Buffer.from(part))
    .sort(Buffer.compare);
  const starts = new Uint32Array(parts.length + 1);
  for (const [i, { length }] of parts.entries()) starts[i + 1] = (starts[i] ?? 0) + length;
  return { bytes: Buffer.concat(parts), starts };
}

/** How many bytes of the text from `at` on are of the secret: those of the longest part there, or of a telling beginning. */
export function secretLengthAt(text: Uint8Array, at: number, { bytes, starts }: SearchedSecret): number {
  let [low, high] = [0, starts.length - 1];
  let whole = 0;
  let same = 0;
  const nextOf = (part: number): number => bytes[(starts[part] ?? 0) + same] ?? 0;
  /** The first of the parts from `low` to `high` that goes on with at least this byte. */
  const firstWith = (byte: number): number => firstWhere(low, high, (part) => nextOf(part) >= byte);
  while (low < high && at + same < text.length) {
    const next = text[at + same] ?? 0;
    // Most parts that begin alike go on alike.
    if (nextOf(low) !== next) low = firstWith(next);
    if (low < high && nextOf(high - 1) !== next) high = firstWith(next + 1);
    if (low >= high) break;
    same += 1;
    // Of parts that begin alike the shortest comes first.
    if ((starts[low] ?? 0) + same === starts[low + 1]) {
      whole = same;
      low += 1;
    }
  }
  return same >= TELLING_BYTES ? same : whole;
}
