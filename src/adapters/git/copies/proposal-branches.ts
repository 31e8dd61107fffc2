/** Branches for proposals, seen from a copy of their base: what stands on them, and how they are written. Nothing of them is kept. */
import type { Identity } from "../../../core/app-history.ts";
import type { FileText, ManifestsBranch, ManifestsCopy, OwnCommit, StandingProposal } from "../../../core/git-ports.ts";
import { asReconcileError } from "../../../errors.ts";
import type { ObjectStore } from "../packs/object-store.ts";
import { committerOf, messageOf, parseCommit } from "../packs/parse-commit.ts";
import { proposeBranch } from "../wire/acknowledged-push.ts";
import type { GitRemote } from "../wire/git-remote.ts";
import { openUploadPack } from "../wire/upload-pack.ts";
import { commitFiles, type ReadObject, readFile } from "./manifest-files.ts";
import { createPassingObjects, type PassingObjectsOptions } from "./passing-objects.ts";

export interface ProposalBranchesOptions extends PassingObjectsOptions {
  readonly remote: GitRemote;
  readonly identity: Identity;
  /** With which such branches begin. */
  readonly prefix: string;
}

export function createProposalBranches({ remote, identity, prefix, ...copy }: ProposalBranchesOptions) {
  const passing = createPassingObjects("proposal", copy);

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
        // With the commits behind it come those files that they changed.
        const pack = server.pack({ want: sha, haves: [base] }, new Set());
        return { sha, own: await passing.receive(at, pack, (objects) => look(at, objects, sha, files)) };
      } catch (error) {
        if (asReconcileError(error).code !== "git_limit") throw error;
        wire.abort();
        return { sha, own: "more" };
      }
    });
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
      const objects = passing.store();
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
