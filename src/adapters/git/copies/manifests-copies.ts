/** The copies of all manifests branches: made when they are asked for, dropped when they are damaged or all together take too much. */
import { createHash, randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ManifestsBranch } from "../../../core/git-ports.ts";
import { asReconcileError } from "../../../errors.ts";
import { diskError } from "../packs/disk-error.ts";
import { makeFolder } from "./make-folder.ts";
import type { DisposableCopy } from "./manifests-copy.ts";

interface CopiesOptions {
  readonly workDir: string;
  readonly maxCopies: number;
  /** On disk. */
  readonly maxBytes: number;
  readonly maxMemoryBytes: number;
  readonly idOf: (at: ManifestsBranch) => string;
  readonly createCopy: (folder: string) => DisposableCopy;
}

interface Entry {
  readonly copy: DisposableCopy;
  users: number;
}

export function createManifestsCopies({ workDir, idOf, createCopy, ...most }: CopiesOptions) {
  const folder = join(workDir, `run-${process.pid}-${randomBytes(4).toString("hex")}`);
  const entries = new Map<string, Entry>();
  let prepared: Promise<void> | undefined;

  /** The copy is not dropped while `work` uses it, but when it is found damaged: then the next who asks gets a new one. */
  async function use<T>(at: ManifestsBranch, work: (copy: DisposableCopy) => Promise<T>): Promise<T> {
    prepared ??= removeLeftovers(workDir);
    await prepared.catch((error: unknown) => {
      prepared = undefined;
      throw diskError(error);
    });
    const id = idOf(at);
    const entry = entries.get(id) ?? { copy: createCopy(join(folder, copyName(id))), users: 0 };
    entries.delete(id);
    entries.set(id, entry);
    entry.users += 1;
    try {
      return await work(entry.copy);
    } catch (error) {
      const { code } = asReconcileError(error);
      // A disk that fills up leaves half an object, which would count as written the next time. Where nothing can be removed nothing was written.
      if (code === "work_dir") await drop(id, entry).catch(() => undefined);
      if (code === "git_copy_damaged") await drop(id, entry);
      throw error;
    } finally {
      entry.users -= 1;
      // What can't be removed now is removed at the next start; the work's result counts.
      await evict().catch(() => undefined);
    }
  }

  async function drop(id: string, entry: Entry): Promise<void> {
    await entry.copy.dispose();
    if (entries.get(id) === entry) entries.delete(id);
  }

  /** Drops the least recently used idle copies until all budgets hold. */
  async function evict(): Promise<void> {
    let bytes = 0;
    let memoryBytes = 0;
    for (const { copy } of entries.values()) {
      bytes += copy.bytes;
      memoryBytes += copy.memoryBytes;
    }
    for (const [id, { copy, users }] of entries) {
      if (entries.size <= most.maxCopies && bytes <= most.maxBytes && memoryBytes <= most.maxMemoryBytes) return;
      if (users > 0) continue;
      entries.delete(id);
      bytes -= copy.bytes;
      memoryBytes -= copy.memoryBytes;
      await copy.dispose();
    }
  }

  return {
    use,
    async close(): Promise<void> {
      // What can't be removed now is removed at the next start; a shutdown is no place to fail.
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    },
  };
}

/** Folder names are hashes, never text from annotations; each copy gets a new one. */
function copyName(id: string): string {
  return createHash("sha256").update(id).update(randomBytes(8)).digest("hex").slice(0, 32);
}

/** Removes what processes that are gone left behind (a killed one can't clean up). */
async function removeLeftovers(workDir: string): Promise<void> {
  await makeFolder(workDir);
  for (const name of await readdir(workDir)) {
    const pid = name.match(/^run-(\d+)-[0-9a-f]{8}$/)?.[1];
    // What can't be removed (another user's, a mount) is no reason to do no work.
    if (pid && !isAlive(Number(pid))) await rm(join(workDir, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
