/** Files read from, and commits made in, an object store by object id alone. */
import { isUtf8 } from "node:buffer";
import type { Identity } from "../../../core/ports.ts";
import { ReconcileError } from "../../../errors.ts";
import { formatCommit } from "../packs/commit-format.ts";
import type { ObjectStore } from "../packs/object-store.ts";

/** As one key and namespace reads it. */
type ReadObject = (id: string, kind: string) => Promise<Buffer>;

/** Manifests larger than this are refused before they are parsed. */
const MAX_MANIFEST_BYTES = 2 ** 20;

const KINDS: Record<string, string> = { "120000": "a symbolic link", "160000": "a submodule", "040000": "a directory" };

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

/** A commit on `parent` with that one file replaced, and the new objects: blob, trees from the file's folder up, commit. */
export async function commitFile(
  store: Pick<ObjectStore, "add">,
  read: ReadObject,
  change: { parent: string; path: string; text: string; message: string; identity: Identity },
): Promise<{ sha: string; ids: string[] }> {
  const { trees } = await findFile(read, change.parent, change.path);
  let id = await store.add("blob", Buffer.from(change.text, "utf8"));
  const ids = [id];
  for (const { bytes, idAt } of trees.reverse()) {
    const tree = Buffer.from(bytes);
    tree.write(id, idAt, "hex");
    id = await store.add("tree", tree);
    ids.push(id);
  }
  const sha = await store.add("commit", await formatCommit({ tree: id, ...change }));
  return { sha, ids: [...ids, sha] };
}

/** A tree object's bytes, and where in them the id of the entry on the way to the file begins. */
interface TreeOnTheWay {
  readonly bytes: Buffer;
  readonly idAt: number;
}

/** The entry of a regular file, and the trees on the way to it, the root first. */
async function findFile(read: ReadObject, commit: string, path: string): Promise<{ trees: TreeOnTheWay[]; oid: string }> {
  const names = path.split("/");
  const trees: TreeOnTheWay[] = [];
  // A commit object begins with `tree ` and the id.
  let oid = (await read(commit, "commit")).toString("latin1", 5, 45);
  for (const [depth, name] of names.entries()) {
    const bytes = await read(oid, "tree");
    const found = findEntry(bytes, name);
    const here = names.slice(0, depth + 1).join("/");
    if (!found) {
      throw new ReconcileError(
        "manifest_missing",
        `${path} is not in the manifests repository ('${here}' does not exist); correct gitops.operator.deployment_path`,
      );
    }
    const { mode, idAt } = found;
    trees.push({ bytes, idAt });
    oid = bytes.toString("hex", idAt, idAt + 20);
    const isLast = depth === names.length - 1;
    if (isLast && mode.startsWith("100")) return { trees, oid };
    if (isLast || mode !== "040000") {
      const kind = KINDS[mode] ?? "a file";
      const wanted = isLast ? "a regular file" : "a directory";
      throw new ReconcileError(
        "manifest_invalid",
        `${path} is not a regular file: '${here}' is ${kind} (mode ${mode}), not ${wanted}; correct gitops.operator.deployment_path`,
      );
    }
  }
  throw new ReconcileError("manifest_missing", "gitops.operator.deployment_path is empty; name the manifest's path");
}

/**
 * Looks in a tree object's own bytes (`MODE NAME\0` and 20 bytes of id, again and again): the names of the other entries are never decoded,
 * so whatever they are, they stay what they are.
 */
function findEntry(bytes: Buffer, name: string): { mode: string; idAt: number } | undefined {
  const wanted = Buffer.from(name, "utf8");
  const { length } = bytes;
  for (let at = 0; at < length; ) {
    // Byte by byte: for names as short as these, calls that search would take ten times as long.
    let nameAt = at;
    while (nameAt < length && bytes[nameAt++] !== 0x20);
    let end = nameAt;
    let isWanted = true;
    for (; end < length && bytes[end] !== 0; end++) if (bytes[end] !== wanted[end - nameAt]) isWanted = false;
    if (end + 21 > length) {
      throw new ReconcileError("git_copy_damaged", "a folder of the manifests repository can't be read; the local copy is made anew");
    }
    if (isWanted && end - nameAt === wanted.length) {
      return { mode: bytes.toString("latin1", at, nameAt - 1).padStart(6, "0"), idAt: end + 1 };
    }
    at = end + 21;
  }
  return undefined;
}
