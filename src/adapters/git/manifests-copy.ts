/** One shallow copy of one manifests branch as one key sees it: an object store without refs and without a work tree. */
import fs from "node:fs";
import { open, readFile as readBytes, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as git from "isomorphic-git";
import { createFreshest } from "../../core/freshest.ts";
import type { Identity, ManifestsBranch, ManifestsCopy, PushResult } from "../../core/ports.ts";
import { formatRepository } from "../../core/repository.ts";
import { asReconcileError, ReconcileError } from "../../errors.ts";
import { diskError } from "./disk-error.ts";
import type { GitRemote } from "./git-remote.ts";
import { makeFolder } from "./make-folder.ts";
import { commitFile, packObjects, readFile } from "./object-store.ts";
import { indexPack } from "./pack-index.ts";
import { pushRef } from "./receive-pack.ts";
import { openUploadPack, type UploadPack } from "./upload-pack.ts";

export interface CopyOptions {
  readonly remote: GitRemote;
  /** A folder of this copy alone. */
  readonly folder: string;
  readonly identity: Identity;
}

export interface DisposableCopy {
  /** The copy as one run uses it: the key is the run's, and is not kept after it. */
  use(at: ManifestsBranch): ManifestsCopy;
  /** Bytes of packs on disk. */
  readonly bytes: number;
  dispose(): Promise<void>;
}

/** Packs and loose objects past these numbers make reading slow; the copy is then cloned again. */
const MAX_PACKS = 500;
const MAX_COMMITS_BUILT = 2_000;
/** A fast-forward that brings more than this is taken for a rewritten branch, whose whole history would come: a fresh depth-1 copy is smaller. */
const MAX_FORWARD_BYTES = 4 * 2 ** 20;

/** The state that a clone replaces as a whole. */
interface Store {
  readonly gitdir: string;
  readonly shallow: Set<string>;
  readonly cache: object;
  tip: string;
  packs: number;
  bytes: number;
  /** Commits made here: parent and the objects each adds. Emptied when they are pushed. */
  readonly built: Map<string, { parent: string; oids: readonly string[] }>;
  commitsBuilt: number;
}

export function createManifestsCopy({ remote, folder, identity }: CopyOptions): DisposableCopy {
  let store: Store | undefined;
  let generation = 0;
  const tips = createFreshest<string>(1);

  const current = (): Store => {
    if (!store) throw new ReconcileError("git_copy_damaged", "the local copy is gone; it is made anew");
    return store;
  };

  async function lookAtRemote(at: ManifestsBranch, notBefore: number): Promise<string> {
    const found = await remote.converse(at, { service: "git-upload-pack", notBefore }, async (wire) => {
      const server = await openUploadPack(wire);
      const tip = remote.requireTip(at, await server.list(at.branch));
      if (!store || store.packs >= MAX_PACKS || store.commitsBuilt >= MAX_COMMITS_BUILT) await replace(at, server, tip);
      else if (store.tip !== tip && !(await forward(at, store, server, tip))) return void wire.abort();
      return tip;
    });
    return found ?? lookAtRemote(at, notBefore);
  }

  /** False when that would bring too much: the rest is not wanted, and the store counts as full, so the next look replaces it. */
  async function forward(at: ManifestsBranch, into: Store, server: UploadPack, tip: string): Promise<boolean> {
    const request = { want: tip, haves: [into.tip], shallows: [...into.shallow] };
    try {
      await receive(at, into, server, request, Math.min(MAX_FORWARD_BYTES, remote.maxBytes));
    } catch (error) {
      if (asReconcileError(error).code !== "git_limit") throw error;
      into.packs = MAX_PACKS;
      return false;
    }
    into.tip = tip;
    return true;
  }

  async function replace(at: ManifestsBranch, server: UploadPack, tip: string): Promise<void> {
    const gitdir = join(folder, String(generation++));
    const fresh: Store = { gitdir, shallow: new Set(), cache: {}, tip, packs: 0, bytes: 0, built: new Map(), commitsBuilt: 0 };
    const old = store;
    try {
      await makeFolder(join(gitdir, "objects", "pack"));
      await receive(at, fresh, server, { want: tip, depth: 1 }, remote.maxBytes);
      store = fresh;
    } catch (error) {
      await rm(gitdir, { recursive: true, force: true });
      throw diskError(error);
    }
    if (old) await rm(old.gitdir, { recursive: true, force: true });
  }

  /** Writes and indexes the pack that the server sends; the objects count only once the wanted commit can be read. */
  async function receive(
    at: ManifestsBranch,
    into: Store,
    server: UploadPack,
    request: Parameters<UploadPack["pack"]>[0],
    maxBytes: number,
  ) {
    const path = join(into.gitdir, "objects", "pack", `pack-${into.packs}.pack`);
    const indexPath = path.replace(/pack$/, "idx");
    const repository = formatRepository(at.repository);
    let bytes = 0;
    try {
      const file = await open(path, "w");
      try {
        for await (const chunk of server.pack(request, into.shallow)) {
          bytes += chunk.length;
          if (bytes > maxBytes) throw new ReconcileError("git_limit", `${repository} sends more than ${maxBytes} bytes at once`);
          await file.writeFile(chunk);
        }
      } finally {
        await file.close();
      }
      await writeFile(indexPath, await indexPack(await readBytes(path), { repository, maxBytes: remote.maxBytes }));
      await git.readCommit({ fs, gitdir: into.gitdir, oid: request.want, cache: into.cache });
    } catch (error) {
      await rm(path, { force: true });
      await rm(indexPath, { force: true });
      throw storeError(error);
    }
    into.packs += 1;
    into.bytes += bytes;
  }

  async function push(at: ManifestsBranch, from: string, to: string): Promise<PushResult> {
    const { gitdir, cache, built } = current();
    const oids: string[] = [];
    for (let sha = to; sha !== from; ) {
      const commit = built.get(sha);
      if (!commit) throw new ReconcileError("git_copy_damaged", "the commits to push are gone from the local copy; they are made anew");
      oids.push(...commit.oids);
      sha = commit.parent;
    }
    const makePack = () => packObjects({ gitdir, cache }, oids);
    const update = { branch: at.branch, from, to };
    const startedAt = performance.now();
    let sent = false;
    const onSend = () => {
      remote.stopping.throwIfAborted();
      sent = true;
    };
    const graceMs = () => (sent ? remote.grace.acknowledgeMs : 0);
    let result: PushResult;
    try {
      result = await remote.converse(at, { service: "git-receive-pack", notBefore: startedAt, graceMs }, (wire) =>
        pushRef(wire, update, makePack, onSend),
      );
    } catch (error) {
      if (!sent) throw error;
      const landed = await remote.hasCommit(at, from, to);
      if (!landed && remote.stopping.aborted) throw unacknowledged(at);
      if (!landed && asReconcileError(error).code !== "git_unreachable") throw error;
      result = landed ? { kind: "accepted" } : { kind: "raced", cause: error };
    }
    if (result.kind === "accepted" && store?.gitdir === gitdir && store.tip === from) {
      store.tip = to;
      built.clear();
      // The server has just said where the branch is: as good as a listing.
      tips.put("tip", startedAt, to);
    }
    return result;
  }

  async function commit(parent: string, path: string, text: string, message: string): Promise<string> {
    const into = current();
    const { sha, oids } = await commitFile(into, { parent, path, text, message, identity });
    into.built.set(sha, { parent, oids });
    into.commitsBuilt += 1;
    return sha;
  }

  return {
    use: (at) => ({
      refresh: (notBefore) => tips.get("tip", notBefore, (_known, asked) => lookAtRemote(at, asked)),
      read: async (sha, path) => readFile(current(), sha, path),
      commit,
      push: (from, to) => push(at, from, to),
    }),
    get bytes() {
      return store?.bytes ?? 0;
    },
    async dispose() {
      await rm(folder, { recursive: true, force: true });
      store = undefined;
    },
  };
}

function unacknowledged(at: ManifestsBranch): ReconcileError {
  const name = `${formatRepository(at.repository)}, branch '${at.branch}'`;
  return new ReconcileError("shutdown", `${name} had not acknowledged the push when the operator had to stop; the next start looks again`);
}

function storeError(error: unknown): ReconcileError {
  const known = diskError(error);
  if (known instanceof ReconcileError) return known;
  return new ReconcileError("git_copy_damaged", "what the git server sent could not be stored; the copy is made anew", { cause: error });
}
