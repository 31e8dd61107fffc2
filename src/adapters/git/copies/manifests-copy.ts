/** One shallow copy of one manifests branch as one key sees it: an object store without refs and without a work tree. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Identity } from "../../../core/app-history.ts";
import type { FileText, ManifestsBranch, ManifestsCopy, PushResult, Signing } from "../../../core/git-ports.ts";
import { formatRepository } from "../../../core/repository.ts";
import { asReconcileError, ReconcileError } from "../../../errors.ts";
import { createFreshest } from "../../../sharing/freshest.ts";
import { createTurns } from "../../../sharing/turns.ts";
import type { ContentCache } from "../packs/content-cache.ts";
import { diskError } from "../packs/disk-error.ts";
import { createObjectStore } from "../packs/object-store.ts";
import type { PackOwner, PackWork } from "../packs/pack-work.ts";
import { createPushes, type Pushes } from "../wire/acknowledged-push.ts";
import type { GitRemote, History } from "../wire/git-remote.ts";
import { openUploadPack, type UploadPack } from "../wire/upload-pack.ts";
import type { BeginArrival } from "./arrivals.ts";
import type { ListFiles } from "./list-files.ts";
import { makeFolder } from "./make-folder.ts";
import { commitFiles, readFile, treeOf } from "./manifest-files.ts";
import { createProposalBranches } from "./proposal-branches.ts";
import { createProposalRefs } from "./proposal-refs.ts";
import { readRecent } from "./recent-history.ts";
import { forgetBuilt, nextPack, pushBuilt, type Store, storeError } from "./store.ts";
import { createWrittenHistories } from "./written-history.ts";

interface CopyOptions {
  readonly remote: GitRemote;
  /** A folder of this copy alone. */
  readonly folder: string;
  readonly identity: Identity;
  /** Of all copies. */
  readonly contents: ContentCache<string>;
  readonly beginArrival: BeginArrival;
  /** Of all copies. */
  readonly listFiles: ListFiles;
  readonly packWork: PackWork;
  /** With which branches for proposals begin. */
  readonly proposalPrefix: string;
}

export interface DisposableCopy {
  /** The copy as one run uses it: the key is the run's, and is not kept after it. `end`: what it has opened is not needed any more. */
  use(at: ManifestsBranch): ManifestsCopy & { end(): void };
  /** Fetches the tip that a listing told, in the conversation of that listing. */
  bring(at: ManifestsBranch, server: UploadPack, tip: string, listedAt: number): Promise<void>;
  /** Bytes of packs on disk. */
  readonly bytes: number;
  /** Beside `contents`. */
  readonly memoryBytes: number;
  dispose(): Promise<void>;
}

/** More packs make reading slow, and what no commit needs any more takes room; the copy is then cloned again. */
const MAX_PACKS = 100;
/** A fast-forward that brings more than this (or inflates to more than a pack of that size may) is taken for a rewritten branch: a fresh depth-1 copy is smaller. */
const MAX_FORWARD_BYTES = 4 * 2 ** 20;

/** Of commits of others that are remembered as looked for, about a hundred; and of the tip. */
const MAX_HISTORIES_BYTES = 64 * 1024;
const MAX_TIP_BYTES = 64 * 1024;
/** What a boundary of the history takes. */
const SHALLOW_BYTES = 128;

export function createManifestsCopy({
  remote,
  folder,
  identity,
  contents,
  beginArrival,
  listFiles,
  packWork,
  proposalPrefix,
}: CopyOptions): DisposableCopy {
  let store: Store | undefined;
  let generation = 0;
  const tips = createFreshest<string>(MAX_TIP_BYTES);
  const histories = createFreshest<History>(MAX_HISTORIES_BYTES);
  const takeOwnTurn = createTurns();
  const proposalOptions = { remote, identity, contents, beginArrival, packWork, folder, prefix: proposalPrefix };
  const proposals = createProposalBranches(proposalOptions);
  const requests = createProposalRefs(proposalOptions);

  const current = (): Store => {
    if (!store) throw new ReconcileError("git_copy_damaged", "the local copy is gone; it is made anew");
    return store;
  };

  async function lookAtRemote(at: ManifestsBranch, notBefore: number): Promise<string> {
    const found = await remote.converse(at, { service: "git-upload-pack", notBefore }, async (wire) => {
      const server = await openUploadPack(wire);
      const { tip } = remote.requireTip(at, await server.list(at.branch));
      return (await fetchTip(at, server, tip)) ? tip : void wire.abort();
    });
    return found ?? lookAtRemote(at, notBefore);
  }

  /** False when it is not there, since that would bring too much: the next look replaces the store. */
  function fetchTip(at: ManifestsBranch, server: UploadPack, tip: string): Promise<boolean> {
    return takeOwnTurn(async () => {
      if (!store || store.isFull || store.objects.packs >= MAX_PACKS) await replace(at, server, tip);
      else if (store.tip !== tip) return forward(at, store, server, tip);
      return true;
    });
  }

  /** False when that would bring too much: the rest is not wanted, and the store counts as full, so the next look replaces it. */
  async function forward(at: ManifestsBranch, into: Store, server: UploadPack, tip: string): Promise<boolean> {
    const request = { want: tip, haves: [into.tip], shallows: [...into.shallow] };
    try {
      await receive(at, into, server, request, Math.min(MAX_FORWARD_BYTES, remote.maxBytes));
    } catch (error) {
      if (asReconcileError(error).code !== "git_limit") throw error;
      into.isFull = true;
      return false;
    }
    into.tip = tip;
    return true;
  }

  async function replace(branch: ManifestsBranch, server: UploadPack, tip: string): Promise<void> {
    const at = join(folder, String(generation++));
    const objects = createObjectStore(at, contents, packWork);
    const written = createWrittenHistories({ remote, packWork }, objects);
    const fresh: Store = { folder: at, objects, shallow: new Set(), tip, isFull: false, files: 0, bytes: 0, built: new Map(), written };
    const old = store;
    try {
      await makeFolder(at);
      await receive(branch, fresh, server, { want: tip, depth: 1 }, remote.maxBytes);
      store = fresh;
    } catch (error) {
      await rm(at, { recursive: true, force: true });
      throw diskError(error);
    }
    if (old) await rm(old.folder, { recursive: true, force: true });
  }

  /** Writes and indexes the pack that the server sends; the objects count only once the wanted commit can be read. */
  async function receive(
    at: ManifestsBranch,
    into: Store,
    server: UploadPack,
    request: Parameters<UploadPack["pack"]>[0],
    maxBytes: number,
  ) {
    const path = nextPack(into);
    const arrival = beginArrival(formatRepository(at.repository), maxBytes);
    try {
      await arrival.store(server.pack(request, into.shallow), path);
      into.objects.addPack(path, await packWork.index(path, arrival.bytes, maxBytes, at));
      await into.objects.read(request.want, "commit", at);
      into.bytes += arrival.bytes;
    } catch (error) {
      await rm(path, { force: true });
      throw storeError(error);
    } finally {
      arrival.end();
    }
  }

  async function push(pushes: Pushes, from: string, to: string): Promise<PushResult> {
    const into = current();
    const startedAt = performance.now();
    const result = await pushBuilt(into, pushes, { from, to });
    // The server has just said where the branch is: as good as a listing.
    if (result.kind === "accepted" && into.tip === to) tips.put("tip", startedAt, to);
    return result;
  }

  async function holds(at: ManifestsBranch, sha: string): Promise<boolean> {
    if (current().objects.has(sha)) return true;
    // Others may have pushed it since the last listing, or on top of it before the shallow copy was made.
    const look = (known: History | undefined) => (known?.found ? Promise.resolve(known) : remote.findCommit(at, sha, known?.tip));
    return (await histories.get(sha, performance.now(), look, at.namespace)).found;
  }

  async function commit(owner: PackOwner, parent: string, files: readonly FileText[], message: string, signing?: Signing) {
    const into = current();
    // A new chain begins: what was made before was not pushed, and won't be.
    if (!into.built.has(parent)) forgetBuilt(into);
    const { sha, ids } = await commitFiles(into.objects, readAs(into, owner), { parent, files, message, identity, signing });
    into.built.set(sha, { parent, ids });
    return sha;
  }

  const readAs =
    ({ objects }: Store, owner: PackOwner) =>
    (id: string, kind: string) =>
      objects.read(id, kind, owner);

  return {
    use(at) {
      const pushes = createPushes(remote, at);
      return {
        refresh: (notBefore) => tips.get("tip", notBefore, (_known, asked) => lookAtRemote(at, asked), at.namespace),
        read: async (sha, path) => readFile(readAs(current(), at), sha, path),
        holds: (sha) => holds(at, sha),
        written: async (head, since) => current().written.of(at, head, since, pushes.openAhead),
        tip: () => store?.tip,
        recent: async (head, question) => readRecent({ remote, packWork }, current().objects, at, head, question),
        commit: (parent, files, message, signing) => commit(at, parent, files, message, signing),
        async list(sha, pattern) {
          const read = readAs(current(), at);
          return listFiles(read, treeOf(await read(sha, "commit")), pattern, at.namespace);
        },
        push: (from, to) => push(pushes, from, to),
        standing: (branch, base, files) => proposals.standing(at, branch, base, files),
        propose: (branch, from, change) => proposals.propose(at, readAs(current(), at), branch, from, change),
        requests: (base, files, known) => requests.standing(at, readAs(current(), at), { base, files, known }),
        request: (topic, change) => requests.push(at, readAs(current(), at), topic, change),
        end: pushes.end,
      };
    },
    async bring(at, server, tip, listedAt) {
      if (await fetchTip(at, server, tip)) tips.put("tip", listedAt, tip);
    },
    get bytes() {
      return store?.bytes ?? 0;
    },
    get memoryBytes() {
      return store ? store.objects.memoryBytes + store.shallow.size * SHALLOW_BYTES + store.written.memoryBytes : 0;
    },
    async dispose() {
      await rm(folder, { recursive: true, force: true });
      store = undefined;
    },
  };
}
