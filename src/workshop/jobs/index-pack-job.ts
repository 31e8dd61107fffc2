import { readFileSync } from "node:fs";
import { damagedCopy } from "../../adapters/git/packs/damaged-copy.ts";
import { indexPack } from "../../adapters/git/packs/pack-index.ts";
import type { PackOrigin } from "../../adapters/git/packs/pack-limits.ts";

export function indexPackJob({ path, origin }: { readonly path: string; readonly origin: PackOrigin }): Uint8Array {
  return indexPack(readPack(path), origin);
}

/** By the thread that has come to it: packs that wait take no memory. */
function readPack(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw damagedCopy(error);
  }
}
