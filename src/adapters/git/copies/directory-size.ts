/** How much a folder holds on the disk. */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Bytes of all files below; what disappears meanwhile counts nothing, a folder that is not there is empty. */
export async function directorySize(folder: string): Promise<number> {
  const entries = await unlessGone(readdir(folder, { withFileTypes: true, recursive: true }));
  let bytes = 0;
  for (const entry of entries ?? []) {
    if (entry.isFile()) bytes += (await unlessGone(lstat(join(entry.parentPath, entry.name))))?.size ?? 0;
  }
  return bytes;
}

async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
