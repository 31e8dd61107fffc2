import { open } from "node:fs/promises";
import { damagedCopy } from "../../adapters/git/packs/damaged-copy.ts";
import { type GitObject, type PackedObject, readPackedObject, spendOnObject } from "../../adapters/git/packs/packed-object.ts";

interface ReadObjectInput {
  /** Of the pack. */
  readonly path: string;
  readonly object: PackedObject;
}

export async function readObjectJob({ path, object }: ReadObjectInput): Promise<Omit<GitObject, "content"> & { content: Uint8Array }> {
  try {
    await using file = await open(path);
    const bytesAt = async (start: number, length: number) => {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, start);
      return buffer.subarray(0, bytesRead);
    };
    return await readPackedObject(object, bytesAt, spendOnObject());
  } catch (error) {
    throw damagedCopy(error);
  }
}
