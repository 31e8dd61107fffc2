/** What stands at some paths of many commits: folders are asked for by their ids, level by level, for all commits together; never files. */

import { createHash } from "node:crypto";
import type { FolderQuestion, FolderView, PathPrint, PathPrinter } from "../../core/app-history.ts";
import { repositoryId } from "../../core/branch-id.ts";
import type { Branch, Git } from "../../core/git-ports.ts";
import { formatRepository } from "../../core/repository.ts";
import { asReconcileError, ReconcileError } from "../../errors.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import { createFreshest } from "../../sharing/freshest.ts";
import { tooManyFolders } from "./packs/folder-pack.ts";
import type { PackWork } from "./packs/pack-work.ts";
import { MOST_FOLDERS_BYTES } from "./packs/receive-folders.ts";
import type { GitRemote } from "./wire/git-remote.ts";
import { openUploadPack, type UploadPack } from "./wire/upload-pack.ts";

/** Whole answers, so that a branch that has not moved costs nothing: 300 bytes a commit. */
const MOST_ANSWERS_BYTES = 8 * 2 ** 20;
/** What never changes, and is there again when a branch has moved by a commit: some 500 bytes a folder and the names asked for in it. */
const MOST_VIEWS_BYTES = 16 * 2 ** 20;
/** A thousand commits, and ten folders of each. */
const MOST_WANTS = 10_000;

type Asked = Omit<Branch, "branch">;

export function createPathPrints(remote: GitRemote, packWork: PackWork): Git["prints"] {
  const answers = createFreshest<readonly PathPrint[]>(MOST_ANSWERS_BYTES);
  const views = createBoundedMap<FolderView>(MOST_VIEWS_BYTES, dataBytes);

  async function look(at: Asked, trees: readonly string[], printer: PathPrinter, notBefore: number): Promise<readonly PathPrint[]> {
    const repository = repositoryId(at);
    /** Those that this question has seen, whatever is kept for others. */
    const seen = new Map<string, FolderView>();
    /** A printer asks for the same names of every commit's folder, level by level: they are put into words once. */
    const askedNames = new Map<readonly string[], string>();
    const keyOf = ({ tree, names }: FolderQuestion) => {
      const said = askedNames.get(names) ?? digest([repository, names]);
      askedNames.set(names, said);
      return `${tree} ${said}`;
    };
    const viewOf = (folder: FolderQuestion): FolderView | undefined => {
      const key = keyOf(folder);
      const known = seen.get(key);
      if (known) return known;
      const view = views.get(key);
      if (view) keep(key, view);
      return view;
    };
    const keep = (key: string, view: FolderView) => {
      seen.set(key, view);
      views.set(key, view, at.namespace);
    };
    const budget = { leftBytes: MOST_FOLDERS_BYTES };

    /** One level. */
    async function descend(server: UploadPack, folders: readonly FolderQuestion[]): Promise<void> {
      const received = await receive(at, server, folders, (pack) => packWork.readFolders(pack, folders, budget, at));
      for (const [i, folder] of folders.entries()) {
        const view = received[i];
        if (!view)
          throw new ReconcileError(
            "git_protocol",
            `${formatRepository(at.repository)} did not send folder ${folder.tree}; it is asked again at the next pass`,
          );
        keep(keyOf(folder), view);
      }
    }

    /** What they are, or what is still needed for it. */
    function answer(): { readonly needed: readonly FolderQuestion[]; readonly prints: readonly PathPrint[] } {
      const answers = trees.map((tree) => printer.print(tree, viewOf));
      const needed = answers.flatMap((one) => (one.kind === "needs" ? one.folders : []));
      return {
        needed: [...new Map(needed.map((folder) => [keyOf(folder), folder])).values()],
        prints: answers.flatMap((one) => (one.kind === "print" ? [one.print] : [])),
      };
    }

    let now = answer();
    while (now.needed.length > 0) {
      await remote.converse(at, { service: "git-upload-pack", notBefore }, async (wire) => {
        const server = await openUploadPack(wire);
        if (!server.canFilter) throw cantSend(at);
        do {
          await descend(server, now.needed);
          now = answer();
        } while (server.sendsMany && now.needed.length > 0);
      });
    }
    return now.prints;
  }

  return async (at, trees, printer) => {
    const key = digest([repositoryId(at), printer.key, trees]);
    const load = async (known: readonly PathPrint[] | undefined, asked: number) => known ?? look(at, trees, printer, asked);
    const prints = await answers.get(key, performance.now(), load, at.namespace);
    return new Map(trees.map((tree, i) => [tree, prints[i] as PathPrint]));
  };
}

async function receive<T>(
  at: Asked,
  server: UploadPack,
  folders: readonly FolderQuestion[],
  read: (pack: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  const [want = "", ...others] = new Set(folders.map(({ tree }) => tree));
  if (others.length >= MOST_WANTS) throw tooManyFolders(`more than ${MOST_WANTS} folders`);
  const strange = [want, ...others].find((id) => !/^[0-9a-f]{40}$/.test(id));
  if (strange !== undefined)
    throw new ReconcileError(
      "git_protocol",
      `${formatRepository(at.repository)} has a commit whose folder has no id; check the repository with git fsck`,
    );
  try {
    return await read(server.pack({ want, others, withoutTrees: true }, new Set()));
  } catch (error) {
    // It has let us in, so what it refuses are folders.
    if (asReconcileError(error).code === "git_denied") throw cantSend(at, error);
    throw error;
  }
}

function cantSend(at: Asked, cause?: unknown): ReconcileError {
  return new ReconcileError(
    "git_protocol",
    `${formatRepository(at.repository)} can't send folders without files; remove gitops.operator.app_paths, or let its server give them out (uploadpack.allowFilter, and with git protocol 0 also uploadpack.allowAnySHA1InWant)`,
    { cause },
  );
}

/** A short key, however long the names. */
function digest(parts: unknown): string {
  return createHash("sha1").update(JSON.stringify(parts)).digest("base64");
}
