/** One object out of a pack: a whole entry, and the deltas on it. */
import { ReconcileError } from "../../../errors.ts";
import { ENTRY_WORK, type Spend, spendUpTo } from "./inline-work.ts";
import { objectId } from "./object-id.ts";
import { applyDelta, deltaResultSize } from "./pack-delta.ts";
import { inflateEntry, KINDS, type PackEntry, readPackEntry } from "./pack-entry.ts";

export interface GitObject {
  readonly kind: string;
  readonly content: Buffer;
}

export interface PackedObject {
  readonly id: string;
  /** Where its entries begin: its own first, and of deltas each one's base next. */
  readonly chain: readonly number[];
}

/** Of the pack's file; fewer only at its end. */
type BytesAt = (start: number, length: number) => Promise<Buffer>;

/** More than most entries have; what is longer is read at its declared size. */
const FIRST_BYTES = 4 * 1024;
/** Twice a file of 1 MiB at the end of a chain as deep as git makes them (pack.depth: 50). */
const MOST_WORK = 128 * 1024 * 1024;

export function spendOnObject(): Spend {
  return spendUpTo(
    MOST_WORK,
    () =>
      new ReconcileError(
        "git_limit",
        "the manifests repository holds a file of so many deltas on top of one another that reading it takes too long; repack it with git repack -adf",
      ),
  );
}

export async function readPackedObject({ id, chain }: PackedObject, bytesAt: BytesAt, spend: Spend): Promise<GitObject> {
  const deltas: Buffer[] = [];
  for (const start of chain) {
    const { entry, content } = await readEntry(start, bytesAt, spend);
    const kind = KINDS.get(entry.type);
    if (!kind) {
      spend(deltaResultSize(content));
      deltas.push(content);
      continue;
    }
    const object = { kind, content: deltas.reduceRight(applyDelta, content) };
    spend(object.content.length);
    if (objectId(kind, object.content).toString("hex") !== id) throw new Error(`object ${id} is not what it was`);
    return object;
  }
  throw new Error(`object ${id} has no base`);
}

async function readEntry(start: number, bytesAt: BytesAt, spend: Spend): Promise<{ entry: PackEntry; content: Buffer }> {
  const entry = readPackEntry(await bytesAt(start, FIRST_BYTES), 0, start);
  if (entry === "incomplete") throw new Error("the pack ends early");
  spend(entry.size + ENTRY_WORK);
  for (let length = FIRST_BYTES; ; length = Math.max(2 * length, entry.size)) {
    const bytes = await bytesAt(start, length);
    const inflated = inflateEntry(bytes, entry);
    if (inflated !== "incomplete") return { entry, content: inflated.content };
    if (bytes.length < length) throw new Error("the pack ends early");
  }
}
