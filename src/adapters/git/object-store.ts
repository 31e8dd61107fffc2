/** Files read from, and commits written to, a git object store by object id alone (isomorphic-git keeps the objects). */
import fs from "node:fs";
import git, { type TreeEntry } from "isomorphic-git";
import type { Identity } from "../../core/ports.ts";
import { ReconcileError } from "../../errors.ts";
import { diskError } from "./disk-error.ts";

export interface ObjectStore {
  readonly gitdir: string;
  /** isomorphic-git's: pack indexes and packs in memory, dropped with the copy. */
  readonly cache: object;
}

/** Manifests larger than this are refused before they are parsed. */
const MAX_MANIFEST_BYTES = 2 ** 20;

const KINDS: Record<string, string> = { "120000": "a symbolic link", "160000": "a submodule", "040000": "a directory" };

/** A regular file's text, byte order mark included, so that encoding it again gives the same bytes. */
export async function readFile(store: ObjectStore, commit: string, path: string): Promise<string> {
  const { entry } = await findFile(store, commit, path);
  const { blob } = await undamaged(() => git.readBlob({ fs, ...store, oid: entry.oid }));
  if (blob.length > MAX_MANIFEST_BYTES) {
    throw new ReconcileError(
      "manifest_invalid",
      `${path} has ${blob.length} bytes, more than 1 MiB; name the Deployment's own manifest in gitops.operator.deployment_path`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(blob);
  } catch (cause) {
    throw new ReconcileError(
      "manifest_invalid",
      `${path} is not UTF-8 text; name the Deployment's YAML manifest in gitops.operator.deployment_path`,
      { cause },
    );
  }
}

/** A commit on `parent` with that one file replaced, and the new objects: blob, trees from the file's folder up, commit. */
export async function commitFile(
  store: ObjectStore,
  change: { parent: string; path: string; text: string; message: string; identity: Identity },
): Promise<{ sha: string; oids: string[] }> {
  const { trees, entry } = await findFile(store, change.parent, change.path);
  const names = change.path.split("/");
  return undamaged(async () => {
    let oid = await git.writeBlob({ fs, gitdir: store.gitdir, blob: Buffer.from(change.text, "utf8") });
    const oids = [oid];
    let [name, mode] = [names.at(-1), entry.mode];
    for (let depth = trees.length - 1; depth >= 0; depth--) {
      const tree = (trees[depth] ?? []).map((item) => (item.path === name ? { ...item, oid, mode } : item));
      oid = await git.writeTree({ fs, gitdir: store.gitdir, tree });
      oids.push(oid);
      [name, mode] = [names[depth - 1], "040000"];
    }
    const person = { ...change.identity, timestamp: Math.floor(Date.now() / 1000), timezoneOffset: 0 };
    const commit = { tree: oid, parent: [change.parent], author: person, committer: person, message: change.message };
    const sha = await git.writeCommit({ fs, gitdir: store.gitdir, commit });
    return { sha, oids: [...oids, sha] };
  });
}

/** The entry of a regular file, and the entries of each folder on the way, the root first. */
async function findFile(store: ObjectStore, commit: string, path: string): Promise<{ trees: TreeEntry[][]; entry: TreeEntry }> {
  const names = path.split("/");
  const trees: TreeEntry[][] = [];
  let oid = commit;
  for (const [depth, name] of names.entries()) {
    const { tree } = await undamaged(() => git.readTree({ fs, ...store, oid }));
    trees.push(tree);
    const entry = tree.find((item) => item.path === name);
    const here = names.slice(0, depth + 1).join("/");
    if (!entry) {
      throw new ReconcileError(
        "manifest_missing",
        `${path} is not in the manifests repository ('${here}' does not exist); correct gitops.operator.deployment_path`,
      );
    }
    const isLast = depth === names.length - 1;
    if (isLast && entry.type === "blob" && entry.mode !== "120000") return { trees, entry };
    if (isLast || entry.mode !== "040000") {
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

/** An object that the store should have and can't give means a damaged copy, which is made anew. */
async function undamaged<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const known = diskError(cause);
    if (known instanceof ReconcileError) throw known;
    throw new ReconcileError("git_copy_damaged", "the local copy of the manifests repository is damaged; it is made anew", { cause });
  }
}
