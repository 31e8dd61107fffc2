/** What is known of a pack's entries while it is indexed: a row for each, in the pack's order, of some 40 bytes. */
import { firstWhere } from "../../../sharing/first-where.ts";
import { ID_BYTES } from "./pack-index-format.ts";

export type PackTable = ReturnType<typeof createPackTable>;

export function createPackTable(count: number) {
  const starts = new Uint32Array(count);
  const crcs = new Uint32Array(count);
  const ids = Buffer.alloc(ID_BYTES * count);
  const types = new Uint8Array(count);
  const bases = new Int32Array(count);
  const depths = new Uint16Array(count);
  const ranks = new Uint32Array(count);
  let rows = 0;
  let resolved = 0;
  /** Only packs with deltas by id need it. */
  let byId: Map<string, number> | undefined;

  const number = (table: Uint8Array | Uint16Array | Uint32Array | Int32Array, row: number) => table[row] ?? 0;
  const idOf = (row: number) => ids.toString("hex", ID_BYTES * row, ID_BYTES * (row + 1));
  const isBefore = (a: number, b: number) => number(ranks, a) < number(ranks, b);

  function indexIds(): Map<string, number> {
    const index = new Map<string, number>();
    for (let row = 0; row < rows; row++) {
      if (types[row] === 0) continue;
      const known = index.get(idOf(row));
      if (known === undefined || isBefore(row, known)) index.set(idOf(row), row);
    }
    return index;
  }

  return {
    ...{ starts, crcs, ids, isBefore },
    /** The entry that begins there; its row. Entries come in the pack's order. */
    add(start: number, crc: number): number {
      starts[rows] = start;
      crcs[rows] = crc;
      return rows++;
    },
    rowAt(start: number): number | undefined {
      const row = firstWhere(0, rows, (one) => number(starts, one) >= start);
      return row < rows && starts[row] === start ? row : undefined;
    },
    /** The first that was resolved to that object. */
    rowOf(id: string): number | undefined {
      byId ??= indexIds();
      return byId.get(id);
    },
    /** `type`: of the whole object; `base`: its row, -1 for none. */
    resolve(row: number, { id, type, base, depth }: { id: Buffer; type: number; base: number; depth: number }): void {
      id.copy(ids, ID_BYTES * row);
      types[row] = type;
      bases[row] = base;
      depths[row] = depth;
      ranks[row] = resolved++;
      // Of one that is there twice the first counts: it was made of earlier ones alone, so who follows deltas by id never comes round in a circle.
      if (byId && !byId.has(idOf(row))) byId.set(idOf(row), row);
    },
    id: idOf,
    /** Of the whole object; 0 while it is not resolved. */
    type: (row: number) => number(types, row),
    base: (row: number) => number(bases, row),
    depth: (row: number) => number(depths, row),
    get resolved() {
      return resolved;
    },
  };
}
