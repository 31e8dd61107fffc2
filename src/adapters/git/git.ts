/** The core's Git port: newest commits by ref listing, manifests by shallow copies. Nothing is shared between keys. */

import type { Dispatcher } from "undici";
import type { Identity } from "../../core/app-history.ts";
import { branchId } from "../../core/branch-id.ts";
import type { Git, ManifestsBranch, ManifestsCopy, PushAccess, Wanted } from "../../core/git-ports.ts";
import { noObserver, type Observer } from "../../core/observer.ts";
import { usualProposalPrefix } from "../../core/proposal-ports.ts";
import { asReconcileError } from "../../errors.ts";
import { createFreshest } from "../../sharing/freshest.ts";
import type { Workshop } from "../../workshop/workshop.ts";
import type { SshConnections } from "../ssh/ssh-connections.ts";
import { createArrivals } from "./copies/arrivals.ts";
import { createListFiles } from "./copies/list-files.ts";
import { createManifestsCopies } from "./copies/manifests-copies.ts";
import { createManifestsCopy } from "./copies/manifests-copy.ts";
import { createLines } from "./lines.ts";
import { createContentCache } from "./packs/content-cache.ts";
import { createPackWork } from "./packs/pack-work.ts";
import { createPathPrints } from "./path-prints.ts";
import { createReleases } from "./releases.ts";
import { createGitRemote } from "./wire/git-remote.ts";
import type { HttpsAccess } from "./wire/https-access.ts";
import { readPushRefs } from "./wire/receive-pack.ts";
import { openUploadPack } from "./wire/upload-pack.ts";

/** Tests have smaller ones. */
const LIMITS = {
  /** For one conversation with a remote. */
  deadlineMs: 60_000,
  maxCopies: 500,
  /** Packs of all copies together, on disk; and as much again that is arriving. */
  maxCopiesBytes: 2 ** 30,
  /** What all copies together keep in memory, beside the contents used last. */
  maxCopiesMemoryBytes: 2 ** 26,
  grace: { acknowledgeMs: 20_000, askMs: 35_000 },
};

export interface GitOptions extends Partial<typeof LIMITS> {
  readonly connections: SshConnections;
  /** For public repositories over https. */
  readonly dispatcher: Dispatcher;
  /** For those over https that need a login; default: none can be opened. */
  readonly access?: HttpsAccess;
  /** Where packs are read. */
  readonly workshop: Workshop;
  readonly workDir: string;
  readonly maxRepositoryBytes: number;
  readonly identity: Identity;
  /** With which branches for proposals begin; default: as it is without PROPOSAL_PREFIX. */
  readonly proposalPrefix?: string;
  /** Aborts when the operator is to stop: reading ends, no push is begun, and one in flight is waited for a while. */
  readonly stopping?: AbortSignal;
  readonly observer?: Observer;
}

/** Names of branches that nobody named. */
const MAX_NAMES_BYTES = 4 * 2 ** 20;
/** Folders and manifests of all copies that are kept in memory, so that a pass without news reads nothing from disk. */
const MAX_CONTENTS_BYTES = 16 * 2 ** 20;

export function createGit(options: GitOptions): Git & PushAccess & { close(): Promise<void> } {
  const { connections, dispatcher, identity, proposalPrefix = usualProposalPrefix } = options;
  const { deadlineMs, maxCopies, maxCopiesBytes, maxCopiesMemoryBytes, grace } = { ...LIMITS, ...options };
  const packWork = createPackWork(options.workshop);
  const remote = createGitRemote({
    ...{ connections, dispatcher, access: options.access, packWork, maxBytes: options.maxRepositoryBytes, deadlineMs, grace },
    stopping: options.stopping ?? new AbortController().signal,
    observer: options.observer ?? noObserver,
  });
  const names = createFreshest<string>(MAX_NAMES_BYTES);
  const contents = createContentCache<string>(MAX_CONTENTS_BYTES);
  const listFiles = createListFiles();
  const beginArrival = createArrivals(Math.max(maxCopiesBytes, 2 * options.maxRepositoryBytes));
  const copies = createManifestsCopies({
    ...{ workDir: options.workDir, maxCopies, maxBytes: maxCopiesBytes, maxMemoryBytes: maxCopiesMemoryBytes, idOf: branchId },
    createCopy: (folder) => createManifestsCopy({ remote, identity, contents, beginArrival, listFiles, packWork, folder, proposalPrefix }),
  });

  async function withManifests<T>(at: ManifestsBranch, work: (copy: ManifestsCopy) => Promise<T>): Promise<T> {
    return onceMended(() =>
      copies.use(at, async (copy) => {
        const used = copy.use(at);
        return work(used).finally(used.end);
      }),
    );
  }

  async function manifestsBranch(at: Wanted<ManifestsBranch>, notBefore: number): Promise<ManifestsBranch> {
    const load = (_known: string | undefined, asked: number) => onceMended(() => findBranch(at, asked));
    const branch = at.branch ?? (await names.get(branchId(at), notBefore, load, at.namespace));
    return { ...at, branch };
  }

  /** The copy is chosen by the name that the listing told, so those who write the name out share it. */
  function findBranch(at: Wanted<ManifestsBranch>, notBefore: number): Promise<string> {
    return remote.converse(at, { service: "git-upload-pack", notBefore }, async (wire) => {
      const listedAt = performance.now();
      const server = await openUploadPack(wire);
      const { branch, tip } = remote.requireTip(at, await server.list(undefined));
      const named = { ...at, branch };
      await copies.use(named, (copy) => copy.bring(named, server, tip, listedAt));
      return branch;
    });
  }

  return {
    commits: createLines(remote),
    ...createReleases(remote, packWork),
    prints: createPathPrints(remote, packWork),
    manifestsBranch,
    withManifests,
    refreshAhead(at, notBefore) {
      const { branch } = at;
      const begun =
        branch === undefined ? manifestsBranch(at, notBefore) : withManifests({ ...at, branch }, (copy) => copy.refresh(notBefore));
      begun.catch(() => undefined);
    },
    checkPushAccess(at) {
      const question = { service: "git-receive-pack", notBefore: performance.now() } as const;
      return remote.converse(at, question, async (wire) => void (await readPushRefs(wire)));
    },
    close: copies.close,
  };
}

/** What was found damaged has been dropped, and is made anew. */
async function onceMended<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (asReconcileError(error).code !== "git_copy_damaged") throw error;
    return work();
  }
}
