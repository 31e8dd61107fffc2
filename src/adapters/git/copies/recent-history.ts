/** The newest part of a manifests branch's history: from the copy as far as that goes, else from the remote, in one conversation of 50 KiB. */
import type { Commit } from "../../../core/app-history.ts";
import type { RecentHistory, RecentQuestion } from "../../../core/branch-history.ts";
import type { ManifestsBranch } from "../../../core/git-ports.ts";
import { asReconcileError } from "../../../errors.ts";
import { dataBytes } from "../../../sharing/data-bytes.ts";
import type { ObjectStore } from "../packs/object-store.ts";
import { readPackStart } from "../packs/pack-start.ts";
import type { PackWork } from "../packs/pack-work.ts";
import { messageOf, parseCommit } from "../packs/parse-commit.ts";
import type { GitRemote } from "../wire/git-remote.ts";
import { openUploadPack, type UploadPack } from "../wire/upload-pack.ts";
import { createFileChanges, type FolderPair } from "./file-changes.ts";

const MOST_ASKED_BYTES = 50 * 1024;
const GENERATIONS = 50;
/** Of those that the copy has: a push may bring a commit for each of some thousand Deployments. */
const MOST_COMMITS = 5_000;
const MOST_BYTES = 8 * 2 ** 20;

type Found = Commit & { readonly message: string };

interface Ports {
  readonly remote: Pick<GitRemote, "converse">;
  readonly packWork: Pick<PackWork, "readFolders">;
}

export async function readRecent(
  { remote, packWork }: Ports,
  objects: Pick<ObjectStore, "read" | "has">,
  at: ManifestsBranch,
  head: string,
  { paths, isKnown, tellsAll }: RecentQuestion,
): Promise<RecentHistory> {
  const commits = new Map<string, Found>();
  const ends = new Set<string>();
  /** Root folders, also of commits that are known. */
  const trees = new Map<string, string>();
  const budget = { leftBytes: MOST_ASKED_BYTES };
  const changes = createFileChanges({ objects, packWork, at, budget });
  let reason: string | undefined;
  let bytes = 0;

  function add(content: Buffer): Found | undefined {
    const commit = { ...parseCommit(content), message: messageOf(content) };
    trees.set(commit.sha, commit.tree);
    if (isKnown(commit.sha) || commits.has(commit.sha)) return undefined;
    commits.set(commit.sha, commit);
    bytes += dataBytes(commit);
    return commit;
  }

  async function walkCopy(): Promise<void> {
    // Grows while it is gone through.
    const queue = new Set([head]);
    for (const sha of queue) {
      if (isKnown(sha)) continue;
      if (!objects.has(sha) || commits.size >= MOST_COMMITS || bytes >= MOST_BYTES) ends.add(sha);
      else for (const parent of add(await objects.read(sha, "commit", at))?.parents ?? []) queue.add(parent);
    }
  }

  /** Of the commits whose messages do not tell all. `isCut`: a parent is not there, so they can't be compared. */
  async function comparePairs(): Promise<{ pairs: FolderPair[]; isCut: boolean }> {
    const pairs: FolderPair[] = [];
    let isCut = false;
    for (const commit of commits.values()) {
      if (commit.parents.length === 0 || tellsAll(commit)) continue;
      const before: string[] = [];
      for (const parent of commit.parents) {
        const tree = trees.get(parent) ?? (objects.has(parent) ? parseCommit(await objects.read(parent, "commit", at)).tree : undefined);
        if (tree !== undefined) before.push(tree);
      }
      if (before.length === commit.parents.length) pairs.push({ commit: commit.sha, tree: commit.tree, before });
      else isCut = true;
    }
    return { pairs, isCut };
  }

  function askRemote(): Promise<void> {
    return remote.converse(at, { service: "git-upload-pack", notBefore: performance.now() }, async (wire) => {
      const server = await openUploadPack(wire);
      const isWhole = await readPackStart(server.pack({ want: head, depth: GENERATIONS, withoutTrees: true }, new Set()), "commit", {
        budget,
        take: (content) => void add(content),
      });
      if (!isWhole) {
        reason = `of the last ${GENERATIONS} generations of commits no more than 50 KiB is asked for`;
        return wire.abort();
      }
      if (!server.canFilter || !server.sendsMany) {
        reason =
          "the git server can't send folders without files (uploadpack.allowFilter, git protocol 2), so what people changed is not told";
        return wire.abort();
      }
      await learnChanges(server);
    });
  }

  /** What is said of commits is good without what people changed. */
  async function learnChanges(server: UploadPack): Promise<void> {
    try {
      const { pairs } = await comparePairs();
      await changes.find(pairs, paths, server);
    } catch (error) {
      const failure = asReconcileError(error);
      if (failure.code === "shutdown" || failure.code === "git_copy_damaged") throw error;
      reason = `what people changed is not told: ${failure.message}`;
    }
  }

  await walkCopy();
  const { pairs, isCut } = await comparePairs();
  const hasFullCopy = ends.values().every((sha) => objects.has(sha));
  let isFailed = false;
  if (isCut || !hasFullCopy) {
    await askRemote().catch((error: unknown) => {
      const failure = asReconcileError(error);
      if (failure.code === "git_copy_damaged") throw error;
      isFailed = true;
      reason = failure.message;
    });
  }
  if (isFailed || (!isCut && hasFullCopy)) await changes.find(pairs, paths, undefined);
  if (changes.isIncomplete()) reason ??= "some of what people changed is more than is asked for";
  return {
    commits: inOrder(head, commits).map((commit) => ({ ...commit, changes: changes.of(commit.sha) })),
    ends: [...ends, ...commits.values().flatMap(({ parents }) => parents.filter((sha) => !commits.has(sha)))],
    isFailed,
    ...(reason !== undefined && { reason }),
  };
}

/** The newest of those whose children have been told comes next, as `git log` does it. */
function inOrder(head: string, commits: ReadonlyMap<string, Found>): Found[] {
  const ordered: Found[] = [];
  const seen = new Set([head]);
  const next = [head].flatMap((sha) => commits.get(sha) ?? []);
  while (next.length > 0) {
    const newest = next.reduce((best, one, i) => (one.time > (next[best]?.time ?? 0) ? i : best), 0);
    const [commit] = next.splice(newest, 1);
    if (!commit) break;
    ordered.push(commit);
    for (const sha of commit.parents) {
      const parent = seen.has(sha) ? undefined : commits.get(sha);
      seen.add(sha);
      if (parent) next.push(parent);
    }
  }
  return ordered;
}
