/** Files read from, and commits made in, an object store by object id alone. */

import { isUtf8 } from "node:buffer";
import type { Identity } from "../../../core/app-history.ts";
import type { FileText, Signing } from "../../../core/git-ports.ts";
import { ReconcileError } from "../../../errors.ts";
import { formatCommit } from "../packs/commit-format.ts";
import type { ObjectStore } from "../packs/object-store.ts";
import { type Entry, FOLDER, findEntry, isFile } from "./tree-entries.ts";

/** As one key and namespace reads it. */
export type ReadObject = (id: string, kind: string) => Promise<Buffer>;

/** Manifests larger than this are refused before they are parsed. */
const MAX_MANIFEST_BYTES = 2 ** 20;

const KINDS: Record<string, string> = { "120000": "a symbolic link", "160000": "a submodule", [FOLDER]: "a directory" };

/** A regular file's text, byte order mark included, so that encoding it again gives the same bytes. */
export async function readFile(read: ReadObject, commit: string, path: string): Promise<string> {
  const { oid } = await findFile(read, commit, path);
  const blob = await read(oid, "blob");
  if (blob.length > MAX_MANIFEST_BYTES) {
    throw new ReconcileError(
      "manifest_invalid",
      `${path} has ${blob.length} bytes, more than 1 MiB; name the Deployment's own manifest in gitops.operator.deployment_path`,
    );
  }
  if (isUtf8(blob)) return blob.toString();
  throw new ReconcileError(
    "manifest_invalid",
    `${path} is not UTF-8 text; name the Deployment's YAML manifest in gitops.operator.deployment_path`,
  );
}

/** A commit on `parent` with those files replaced, each one regular, and the new objects: blobs, trees, commit. */
export async function commitFiles(
  store: Pick<ObjectStore, "add">,
  read: ReadObject,
  change: { parent: string; files: readonly FileText[]; message: string; identity: Identity; signing?: Signing | undefined },
): Promise<{ sha: string; ids: string[] }> {
  const ids: string[] = [];
  const add = async (kind: string, content: Buffer) => {
    const id = await store.add(kind, content);
    ids.push(id);
    return id;
  };
  const blobs: NewBlob[] = [];
  for (const { path, text } of change.files) {
    await findFile(read, change.parent, path);
    blobs.push({ names: path.split("/"), id: await add("blob", Buffer.from(text, "utf8")) });
  }

  async function rewrite(folder: string, inside: readonly NewBlob[]): Promise<string> {
    const tree = Buffer.from(await read(folder, "tree"));
    for (const [name, here] of Map.groupBy(inside, ({ names }) => names[0] ?? "")) {
      const found = findEntry(tree, name);
      const [file] = here;
      if (!found || !file)
        throw new ReconcileError("git_copy_damaged", "a folder has lost a file that it had; the local copy is made anew");
      const below = here.map(({ names, id }) => ({ names: names.slice(1), id }));
      tree.write(file.names.length === 1 ? file.id : await rewrite(found.entry.oid, below), found.idAt, "hex");
    }
    return add("tree", tree);
  }

  const tree = await rewrite(treeOf(await read(change.parent, "commit")), blobs);
  const sha = await add("commit", await formatCommit({ tree, ...change }));
  return { sha, ids };
}

interface NewBlob {
  /** Of its folders, and its own, from here on. */
  readonly names: readonly string[];
  readonly id: string;
}

/** The entry of a regular file. */
async function findFile(read: ReadObject, commit: string, path: string): Promise<Entry> {
  const names = path.split("/");
  let oid = treeOf(await read(commit, "commit"));
  for (const [depth, name] of names.entries()) {
    const found = findEntry(await read(oid, "tree"), name);
    const here = names.slice(0, depth + 1).join("/");
    if (!found) {
      throw new ReconcileError(
        "manifest_missing",
        `${path} is not in the manifests repository ('${here}' does not exist); correct gitops.operator.deployment_path`,
      );
    }
    const { entry } = found;
    const isLast = depth === names.length - 1;
    if (isLast && isFile(entry)) return entry;
    if (isLast || entry.mode !== FOLDER) {
      const kind = KINDS[entry.mode] ?? "a file";
      const wanted = isLast ? "a regular file" : "a directory";
      throw new ReconcileError(
        "manifest_invalid",
        `${path} is not a regular file: '${here}' is ${kind} (mode ${entry.mode}), not ${wanted}; correct gitops.operator.deployment_path`,
      );
    }
    oid = entry.oid;
  }
  throw new ReconcileError("manifest_missing", "gitops.operator.deployment_path is empty; name the manifest's path");
}

/** A commit object begins with `tree ` and the id. */
export function treeOf(commit: Buffer): string {
  return commit.toString("latin1", 5, 45);
}
