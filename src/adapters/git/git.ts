/** The core's Git port: newest commits by ref listing, manifests by shallow copies. Nothing is shared between keys. */
import { createHash, randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Dispatcher } from "undici";
import { createFreshest } from "../../core/freshest.ts";
import { noObserver, type Observer } from "../../core/observer.ts";
import type { Branch, Commit, Git, Identity, ManifestsBranch, ManifestsCopy, PushAccess } from "../../core/ports.ts";
import { formatRepository } from "../../core/repository.ts";
import { createTurns } from "../../core/turns.ts";
import { asReconcileError, ReconcileError } from "../../errors.ts";
import { createArrivals } from "./arrivals.ts";
import { createContentCache } from "./content-cache.ts";
import { diskError } from "./disk-error.ts";
import { createGitRemote, type ShutdownGrace } from "./git-remote.ts";
import { makeFolder } from "./make-folder.ts";
import { createManifestsCopy, type DisposableCopy } from "./manifests-copy.ts";
import { readPushRefs } from "./receive-pack.ts";
import type { SshConnections } from "./ssh/ssh-connections.ts";
import { openUploadPack } from "./upload-pack.ts";

export interface GitOptions {
  readonly connections: SshConnections;
  /** For https. */
  readonly dispatcher: Dispatcher;
  readonly workDir: string;
  readonly maxRepositoryBytes: number;
  readonly identity: Identity;
  /** For one conversation with a remote. */
  readonly deadlineMs?: number;
  readonly maxCopies?: number;
  /** Packs of all copies together, on disk; and as much again that is arriving. */
  readonly maxCopiesBytes?: number;
  /** What all copies together keep in memory, beside the contents used last. */
  readonly maxCopiesMemoryBytes?: number;
  /** Aborts when the operator is to stop: reading ends, no push is begun, and one in flight is waited for a while. */
  readonly stopping?: AbortSignal;
  readonly grace?: ShutdownGrace;
  readonly observer?: Observer;
}

/** How far the search for a commit that is not the operator's own goes back (contract §6). */
const LOOK_BACK = [1, 50, 1_000];
/** Commits remembered by branch, so that an unmoved tip costs one listing. */
const MAX_LISTINGS = 5_000;
/** Folders and manifests of all copies that are kept in memory, so that a pass without news reads nothing from disk. */
const MAX_CONTENTS_BYTES = 16 * 2 ** 20;

/** The branch's tip, and the newest commit that counts: the tip itself or one behind it. */
interface Newest {
  readonly tip: string;
  readonly commit: Commit;
}

interface CopyEntry {
  readonly copy: DisposableCopy;
  users: number;
}

export function createGit(options: GitOptions): Git & PushAccess & { close(): Promise<void> } {
  const { connections, dispatcher, identity } = options;
  const { maxCopies = 500, maxCopiesBytes = 2 ** 30, maxCopiesMemoryBytes = 2 ** 26 } = options;
  const remote = createGitRemote({
    connections,
    dispatcher,
    maxBytes: options.maxRepositoryBytes,
    deadlineMs: options.deadlineMs ?? 60_000,
    stopping: options.stopping ?? new AbortController().signal,
    grace: options.grace ?? { acknowledgeMs: 20_000, askMs: 35_000 },
    observer: options.observer ?? noObserver,
  });
  const folder = join(options.workDir, `run-${process.pid}-${randomBytes(4).toString("hex")}`);
  let prepared: Promise<void> | undefined;
  const listings = createFreshest<Newest>(MAX_LISTINGS);
  const copies = new Map<string, CopyEntry>();
  const contents = createContentCache<string>(MAX_CONTENTS_BYTES);
  const takeTurn = createTurns();
  const beginArrival = createArrivals(Math.max(maxCopiesBytes, 2 * options.maxRepositoryBytes));

  async function newestCommit(at: Branch, notBefore: number, skip?: (commit: Commit) => boolean): Promise<Commit> {
    const { commit } = await listings.get(`${skip ? "skip" : "tip"}:${idOf(at)}`, notBefore, (known, asked) =>
      look(at, known, asked, skip),
    );
    return commit;
  }

  async function look(at: Branch, known: Newest | undefined, notBefore: number, skip?: (commit: Commit) => boolean): Promise<Newest> {
    for (const depth of skip ? LOOK_BACK : [1]) {
      const found = await remote.converse(at, { service: "git-upload-pack", notBefore }, async (wire) => {
        const server = await openUploadPack(wire);
        const tip = remote.requireTip(at, await server.list(at.branch));
        if (known?.tip === tip) return known;
        const commits = await remote.commits(server, tip, depth);
        // A server that can't leave files out would go on sending them.
        wire.abort();
        let commit = commits.get(tip);
        while (commit && skip?.(commit)) commit = commits.get(commit.parents[0] ?? "");
        return commit && { tip, commit };
      });
      if (found) return found;
    }
    if (!skip) throw new ReconcileError("git_protocol", `${formatRepository(at.repository)} did not send the commit it names as its tip`);
    throw new ReconcileError(
      "git_no_commit",
      `no commit but the operator's own in the last ${LOOK_BACK.at(-1)} of ${formatRepository(at.repository)}, branch '${at.branch}'; push a commit to the application`,
    );
  }

  async function withManifests<T>(at: ManifestsBranch, work: (copy: ManifestsCopy) => Promise<T>): Promise<T> {
    prepared ??= removeLeftovers(options.workDir);
    await prepared.catch((error: unknown) => {
      prepared = undefined;
      throw diskError(error);
    });
    for (let attempt = 1; ; attempt++) {
      const id = idOf(at);
      const entry = copies.get(id) ?? {
        copy: createManifestsCopy({ remote, identity, contents, beginArrival, takeTurn, folder: join(folder, copyName(id)) }),
        users: 0,
      };
      copies.delete(id);
      copies.set(id, entry);
      entry.users += 1;
      try {
        return await work(entry.copy.use(at));
      } catch (error) {
        const { code } = asReconcileError(error);
        // A disk that fills up leaves half an object, which would count as written the next time. Where nothing can be removed nothing was written.
        if (code === "work_dir") await drop(id, entry).catch(() => undefined);
        if (code !== "git_copy_damaged" || attempt > 1) throw error;
        await drop(id, entry);
      } finally {
        entry.users -= 1;
        // What can't be removed now is removed at the next start; the work's result counts.
        await evict().catch(() => undefined);
      }
    }
  }

  async function drop(id: string, entry: CopyEntry): Promise<void> {
    await entry.copy.dispose();
    if (copies.get(id) === entry) copies.delete(id);
  }

  /** Drops the least recently used idle copies until all budgets hold. */
  async function evict(): Promise<void> {
    let bytes = 0;
    let memoryBytes = 0;
    for (const { copy } of copies.values()) {
      bytes += copy.bytes;
      memoryBytes += copy.memoryBytes;
    }
    for (const [id, { copy, users }] of copies) {
      if (copies.size <= maxCopies && bytes <= maxCopiesBytes && memoryBytes <= maxCopiesMemoryBytes) return;
      if (users > 0) continue;
      copies.delete(id);
      bytes -= copy.bytes;
      memoryBytes -= copy.memoryBytes;
      await copy.dispose();
    }
  }

  return {
    newestCommit,
    withManifests,
    refreshAhead: (at, notBefore) => void withManifests(at, (copy) => copy.refresh(notBefore)).catch(() => undefined),
    checkPushAccess(at) {
      const question = { service: "git-receive-pack", notBefore: performance.now() } as const;
      return remote.converse(at, question, async (wire) => void (await readPushRefs(wire)));
    },
    async close() {
      // What can't be removed now is removed at the next start; a shutdown is no place to fail.
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    },
  };
}

/** Equal for equal repository, branch and key; the parts can't run into one another. */
function idOf({ repository, branch, key }: Branch): string {
  return JSON.stringify([repository, branch, key?.id]);
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
