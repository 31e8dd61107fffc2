/** A tree object's own bytes: `MODE NAME\0` and 20 bytes of id, again and again. */
export const SPACE = 0x20;
export const ID_BYTES = 20;
/** Six digits, and with room for what is none. */
const MOST_MODE_BYTES = 8;

/** Offsets in the tree. The id begins behind the name's end and its zero. */
export interface TreeEntry {
  readonly at: number;
  readonly nameAt: number;
  readonly nameEnd: number;
  readonly next: number;
}

/** The entry that begins there; undefined: the bytes are no tree's. Names are not decoded, so whatever they are, they stay what they are. */
export function entryAt(tree: Buffer, at: number): TreeEntry | undefined {
  let modeEnd = at;
  while (modeEnd < at + MOST_MODE_BYTES && tree[modeEnd] !== SPACE) modeEnd++;
  const nameEnd = tree.indexOf(0, modeEnd);
  const next = nameEnd + 1 + ID_BYTES;
  if (tree[modeEnd] !== SPACE || nameEnd < 0 || next > tree.length) return undefined;
  return { at, nameAt: modeEnd + 1, nameEnd, next };
}

export function modeOf(tree: Buffer, { at, nameAt }: TreeEntry): string {
  return tree.toString("latin1", at, nameAt - 1);
}

export function idOf(tree: Buffer, { nameEnd, next }: TreeEntry): string {
  return tree.toString("hex", nameEnd + 1, next);
}
