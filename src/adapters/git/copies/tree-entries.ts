/** What is in a folder of a local copy. */
import { ReconcileError } from "../../../errors.ts";
import { entryAt, ID_BYTES, idOf, modeOf, SPACE, type TreeEntry } from "../packs/tree-format.ts";

export interface Entry {
  /** Six digits. */
  readonly mode: string;
  readonly oid: string;
}

export const FOLDER = "040000";

export function isFile({ mode }: Entry): boolean {
  return mode.startsWith("100");
}

/** `idAt`: where in the bytes the id begins. */
export function findEntry(tree: Buffer, name: string): { entry: Entry; idAt: number } | undefined {
  const wanted = Buffer.from(name, "utf8");
  const { length } = tree;
  for (let at = 0; at < length; ) {
    // Byte by byte: for names as short as these, calls that search would take ten times as long.
    let nameAt = at;
    while (nameAt < length && tree[nameAt++] !== SPACE);
    let nameEnd = nameAt;
    let isWanted = true;
    for (; nameEnd < length && tree[nameEnd] !== 0; nameEnd++) if (tree[nameEnd] !== wanted[nameEnd - nameAt]) isWanted = false;
    const next = nameEnd + 1 + ID_BYTES;
    if (next > length) throw damagedFolder();
    if (isWanted && nameEnd - nameAt === wanted.length) return { entry: entryOf(tree, { at, nameAt, nameEnd, next }), idAt: nameEnd + 1 };
    at = next;
  }
  return undefined;
}

/** Each with its name's bytes, a character each. */
export function* entriesOf(tree: Buffer): Generator<{ readonly name: string; readonly entry: Entry }> {
  for (let at = 0; at < tree.length; ) {
    const found = entryAt(tree, at);
    if (!found) throw damagedFolder();
    yield { name: tree.toString("latin1", found.nameAt, found.nameEnd), entry: entryOf(tree, found) };
    at = found.next;
  }
}

function entryOf(tree: Buffer, found: TreeEntry): Entry {
  return { mode: modeOf(tree, found).padStart(6, "0"), oid: idOf(tree, found) };
}

function damagedFolder(): ReconcileError {
  return new ReconcileError("git_copy_damaged", "a folder of the manifests repository can't be read; the local copy is made anew");
}
