/** Proposals by AGit, seen from a copy of their base: the refs that Gitea and Forgejo keep of pull requests are read, and `refs/for/` is pushed to. */
import type { FileText, ManifestsBranch, ManifestsCopy, OwnCommit, RequestResult, StandingRequest } from "../../../core/git-ports.ts";
import { formatRepository } from "../../../core/repository.ts";
import { asReconcileError, ReconcileError } from "../../../errors.ts";
import { objectId } from "../packs/object-id.ts";
import { committerOf, messageOf, parseCommit } from "../packs/parse-commit.ts";
import { pushAsRequest } from "../wire/acknowledged-push.ts";
import { openUploadPack, type UploadPack } from "../wire/upload-pack.ts";
import { commitFiles, type ReadObject } from "./manifest-files.ts";
import { createPassingObjects } from "./passing-objects.ts";
import type { ProposalBranchesOptions } from "./proposal-branches.ts";

type RequestHead = Omit<StandingRequest, "own">;

interface Question {
  readonly base: string;
  readonly files: readonly FileText[];
  readonly known: RequestHead | undefined;
}

export function createProposalRefs({ remote, identity, prefix, ...copy }: ProposalBranchesOptions) {
  const passing = createPassingObjects("request", copy);

  /** A listing that begins now, and what is done with it. */
  function look<T>(
    at: ManifestsBranch,
    known: number | undefined,
    work: (heads: readonly RequestHead[], server: UploadPack) => Promise<T>,
  ) {
    const question = { service: "git-upload-pack", notBefore: performance.now(), graceMs: () => remote.grace.askMs } as const;
    return remote.converse(at, question, async (wire) => {
      const server = await openUploadPack(wire);
      const heads = await server.requests(known);
      try {
        return await work(heads, server);
      } catch (error) {
        if (asReconcileError(error).code !== "git_limit") throw error;
        wire.abort();
        return undefined;
      }
    });
  }

  async function standing(
    at: ManifestsBranch,
    readBase: ReadObject,
    { base, files, known }: Question,
  ): Promise<readonly StandingRequest[]> {
    let heads: readonly RequestHead[] = [];
    const commits = await look(at, known?.number, async (found, server) => {
      heads = found;
      const isKnown = heads.every(({ number, sha }) => number === known?.number && sha === known.sha);
      return isKnown ? undefined : receive(at, server, heads, base);
    });
    if (!commits) return heads.map((head) => ({ ...head, own: undefined }));
    const wanted = await treeWith(readBase, base, files);
    return heads.map(({ number, sha }) => {
      const content = commits.get(sha);
      return { number, sha, own: content && ownCommit(content, base, wanted) };
    });
  }

  /** Of twenty requests at most: their newest commits alone where the server can send these without files, else all that the base does not have. */
  function receive(at: ManifestsBranch, server: UploadPack, heads: readonly RequestHead[], base: string) {
    const [want = "", ...others] = new Set(heads.map(({ sha }) => sha));
    const bounds = server.canFilter ? { depth: 1, withoutTrees: true } : { haves: [base] };
    return passing.receive(at, server.pack({ want, others, ...bounds }, new Set()), async (objects) => {
      const commits = new Map<string, Buffer>();
      for (const sha of [want, ...others]) if (objects.has(sha)) commits.set(sha, await objects.read(sha, "commit", at));
      return commits;
    });
  }

  /** Of the base with those files. */
  async function treeWith(readBase: ReadObject, base: string, files: readonly FileText[]): Promise<string> {
    let tree = "";
    const add = async (kind: string, content: Buffer) => {
      const id = objectId(kind, content).toString("hex");
      if (kind === "tree") tree = id;
      return id;
    };
    // The root is the last tree.
    await commitFiles({ add }, readBase, { parent: base, files, message: "", identity });
    return tree;
  }

  return {
    standing,
    async push(
      at: ManifestsBranch,
      readBase: ReadObject,
      topic: string,
      change: Parameters<ManifestsCopy["request"]>[1],
    ): Promise<RequestResult> {
      const { options: told = [], ...commit } = change;
      const objects = passing.store();
      const { sha: to, ids } = await commitFiles(objects, readBase, { ...commit, identity });
      const find = async () => (await look(at, undefined, async (heads) => heads.find(({ sha }) => sha === to)))?.number;
      const update = { base: at.branch, topic, to, prefix, options: told };
      const pack = async () => (await objects.pack(ids)).bytes;
      const result = await pushAsRequest(remote, at, update, pack, async () => (await find()) !== undefined);
      if (result.kind !== "accepted") return result;
      const number = await find();
      if (number !== undefined) return { kind: "accepted", commit: to, number };
      throw new ReconcileError(
        "git_protocol",
        `${formatRepository(at.repository)} accepted refs/for/${at.branch}/${topic}, and has no refs/pull/N/head of it among its newest; see FORGES, or name a token by gitops.operator.manifest_token_secret_name`,
      );
    },
  };
}

function ownCommit(content: Buffer, base: string, wanted: string): OwnCommit {
  const { author, subject, hasTrailers, parents, tree } = parseCommit(content);
  const hasFiles = parents.length === 1 && parents[0] === base && tree === wanted;
  return { author, subject, hasTrailers, ...committerOf(content), message: messageOf(content), hasFiles };
}
