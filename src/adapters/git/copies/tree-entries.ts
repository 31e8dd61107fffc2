/** A tree object's own bytes: `MODE NAME\0` and 20 bytes of id, again and again. Names that nobody asks for are never decoded, so whatever they are, they stay what they are. */
import { ReconcileError } from "../../../errors.ts";

export interface Entry {
  /** Six digits. */
  readonly mode: string;
  readonly oid: string;
}

export const FOLDER = "040000";

const SPACE = 0x20;
const ID_BYTES = 20;

export function isFile({ mode }: Entry): boolean {
  return mode.startsWith("100");
}

/** `idAt`: where in the bytes the id begins. */
export function findEntry(bytes: Buffer, name: string): { entry: Entry; idAt: number } | undefined {
  const wanted = Buffer.from(name, "utf8");
  const { length } = bytes;
  for (let at = 0; at < length; ) {
    // Byte by byte: for names as short as these, calls that search would take ten times as long.
    let nameAt = at;
    while (nameAt < length && bytes[nameAt++] !== SPACE);
    let end = nameAt;
    let isWanted = true;
    for (; end < length && bytes[end] !== 0; end++) if (bytes[end] !== wanted[end - nameAt]) isWanted = false;
    const next = end + 1 + ID_BYTES;
    if (next > length) throw damagedFolder();
    if (isWanted && end - nameAt === wanted.length) return { entry: entryAt(bytes, at, nameAt, end), idAt: end + 1 };
    at = next;
  }
  return undefined;
}

/** Each with its name's bytes, a character each. */
export function* entriesOf(bytes: Buffer): Generator<{ readonly name: string; readonly entry: Entry }> {
  for (let at = 0; at < bytes.length; ) {
    const nameAt = bytes.indexOf(SPACE, at) + 1;
    const end = bytes.indexOf(0, nameAt);
    const next = end + 1 + ID_BYTES;
    if (nameAt === 0 || end < 0 || next > bytes.length) throw damagedFolder();
    yield { name: bytes.toString("latin1", nameAt, end), entry: entryAt(bytes, at, nameAt, end) };
    at = next;
  }
}

function entryAt(bytes: Buffer, at: number, nameAt: number, end: number): Entry {
  return { mode: bytes.toString("latin1", at, nameAt - 1).padStart(6, "0"), oid: bytes.toString("hex", end + 1, end + 1 + ID_BYTES) };
}

function damagedFolder(): ReconcileError {
  return new ReconcileError("git_copy_damaged", "a folder of the manifests repository can't be read; the local copy is made anew");
}
