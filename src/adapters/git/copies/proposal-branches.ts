/** Branches for proposals, seen from a copy of their base: what stands on them, and how they are written. Nothing of them is kept. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Identity } from "../../../core/app-history.ts";
import type { FileText, ManifestsBranch, ManifestsCopy, OwnCommit, StandingProposal } from "../../../core/git-ports.ts";
import { formatRepository } from "../../../core/repository.ts";
import { asReconcileError } from "../../../errors.ts";
import type { ContentCache } from "../packs/content-cache.ts";
import { createObjectStore, type ObjectStore } from "../packs/object-store.ts";
import type { PackWork } from "../packs/pack-work.ts";
import { committerOf, messageOf, parseCommit } from "../packs/parse-commit.ts";
import { proposeBranch } from "../wire/acknowledged-push.ts";
import type { GitRemote } from "../wire/git-remote.ts";
import { openUploadPack, type UploadPack } from "../wire/upload-pack.ts";
import type { BeginArrival } from "./arrivals.ts";
import { makeFolder } from "./make-folder.ts";
import { commitFiles, type ReadObject, readFile } from "./manifest-files.ts";
import { storeError } from "./store.ts";

export interface ProposalBranchesOptions {
  readonly remote: GitRemote;
  readonly identity: Identity;
  readonly contents: ContentCache<string>;
  readonly beginArrival: BeginArrival;
  readonly packWork: PackWork;
  /** Of the copy. */
  readonly folder: string;
  /** With which such branches begin. */
  readonly prefix: string;
}

/** The operator's own commit changes 50 files of 1 MiB at most, and such files deflate well; what is more is others'. */
const MOST_BYTES = 16 * 2 ** 20;

export function createProposalBranches({ remote, identity, contents, beginArrival, packWork, folder, prefix }: ProposalBranchesOptions) {
  let count = 0;
  const nextFolder = () => join(folder, `proposal-${count++}`);

  async function standing(
    at: ManifestsBranch,
    branch: string,
    base: string,
    files: readonly FileText[],
  ): Promise<StandingProposal | undefined> {
    return remote.converse(at, { service: "git-upload-pack", notBefore: performance.now() }, async (wire) => {
      const server = await openUploadPack(wire);
      const { tip: sha } = await server.list(branch);
      if (sha === undefined) return undefined;
      if (sha === base) return { sha, own: "nothing" };
      try {
        return { sha, own: await receive(at, server, sha, base, files) };
      } catch (error) {
        if (asReconcileError(error).code !== "git_limit") throw error;
        wire.abort();
        return { sha, own: "more" };
      }
    });
  }

  /** Of the commits behind `sha` those come that are not in the history of `base`, and with them what they have changed. */
  async function receive(at: ManifestsBranch, server: UploadPack, sha: string, base: string, files: readonly FileText[]) {
    const place = nextFolder();
    const path = join(place, "own.pack");
    const arrival = beginArrival(formatRepository(at.repository), MOST_BYTES);
    try {
      await makeFolder(place);
      await arrival.store(server.pack({ want: sha, haves: [base] }, new Set()), path);
      const objects = createObjectStore(place, contents, packWork);
      objects.addPack(path, await packWork.index(path, arrival.bytes, MOST_BYTES, at));
      return await look(at, objects, sha, files);
    } catch (error) {
      throw storeError(error);
    } finally {
      arrival.end();
      await rm(place, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  async function look(
    at: ManifestsBranch,
    objects: ObjectStore,
    sha: string,
    files: readonly FileText[],
  ): Promise<OwnCommit | "nothing" | "more"> {
    if (!objects.has(sha)) return "nothing";
    const content = await objects.read(sha, "commit", at);
    const { author, subject, hasTrailers, parents } = parseCommit(content);
    const [parent, ...others] = parents;
    if (parent === undefined || others.length > 0 || objects.has(parent)) return "more";
    const read: ReadObject = (id, kind) => (objects.has(id) ? objects.read(id, kind, at) : Promise.reject(new Unchanged()));
    let hasFiles = true;
    for (const file of files) hasFiles &&= await reads(read, sha, file);
    return { author, subject, hasTrailers, ...committerOf(content), message: messageOf(content), hasFiles };
  }

  return {
    standing,
    async propose(
      at: ManifestsBranch,
      readBase: ReadObject,
      branch: string,
      from: string | undefined,
      { options, ...commit }: Parameters<ManifestsCopy["propose"]>[2],
    ) {
      const objects = createObjectStore(nextFolder(), contents, packWork);
      const { sha: to, ids } = await commitFiles(objects, readBase, { ...commit, identity });
      const update = { branch, from, to, prefix, ...(options && { options }) };
      const result = await proposeBranch(remote, at, update, async () => (await objects.pack(ids)).bytes);
      return { ...result, commit: to };
    },
  };
}

/** It was not sent, so the commit has it from its parent. */
class Unchanged extends Error {}

async function reads(read: ReadObject, commit: string, { path, text }: FileText): Promise<boolean> {
  try {
    return (await readFile(read, commit, path)) === text;
  } catch (error) {
    if (error instanceof Unchanged || ["manifest_missing", "manifest_invalid"].includes(asReconcileError(error).code)) return false;
    throw error;
  }
}
