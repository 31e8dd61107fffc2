/** Which of some files commits changed, found by comparing folders level by level; equal ones are not looked into. */
import { isUtf8 } from "node:buffer";
import type { FolderQuestion, FolderView } from "../../../core/app-history.ts";
import type { FileChange } from "../../../core/branch-history.ts";
import type { ManifestsBranch } from "../../../core/git-ports.ts";
import { viewFolder } from "../packs/folder-pack.ts";
import { objectId } from "../packs/object-id.ts";
import type { ObjectStore } from "../packs/object-store.ts";
import { readPackStart } from "../packs/pack-start.ts";
import type { PackWork } from "../packs/pack-work.ts";
import type { UploadPack } from "../wire/upload-pack.ts";

interface ChangesOptions {
  readonly objects: Pick<ObjectStore, "read" | "has">;
  readonly packWork: Pick<PackWork, "readFolders">;
  readonly at: ManifestsBranch;
  /** What may still be received. */
  readonly budget: { leftBytes: number };
}

/** A commit's folder, and that of each of its parents. */
export interface FolderPair {
  readonly commit: string;
  readonly tree: string;
  readonly before: readonly string[];
}

/** A folder on the way to the files. */
interface Node {
  readonly path: string;
  readonly children: Map<string, Node>;
  /** Theirs. */
  readonly names: string[];
  isFile: boolean;
}

interface BlobChange {
  readonly commit: string;
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

type Level = readonly { readonly pair: FolderPair; readonly node: Node }[];

const FOLDER = "40000";
/** Texts of all changes together; longer files are no manifests. */
const MOST_TEXT_BYTES = 4 * 2 ** 20;
const MOST_FILE_BYTES = 2 ** 20;
/** Of folders, and of files, in one request. */
const MOST_WANTS = 1_000;

export function createFileChanges({ objects, packWork, at, budget }: ChangesOptions) {
  const found = new Map<string, FileChange[]>();
  const views = new Map<string, FolderView>();
  let isIncomplete = false;

  const keyOf = ({ tree, names }: FolderQuestion, { path }: Node) => `${tree} ${names.length} ${path}`;

  /** `server`: whom to ask for what the copy does not have. */
  async function find(pairs: readonly FolderPair[], paths: readonly string[], server: UploadPack | undefined): Promise<void> {
    const root = treeOfPaths(paths);
    const blobs: BlobChange[] = [];
    for (let level: Level = pairs.map((pair) => ({ pair, node: root })); level.length > 0; ) {
      await look(level, server);
      level = level.flatMap(({ pair, node }) => [...compare(pair, node, blobs)]);
    }
    await readTexts(blobs, server);
  }

  async function look(level: Level, server: UploadPack | undefined): Promise<void> {
    const missing = new Map<string, FolderQuestion>();
    for (const { pair, node } of level) {
      for (const tree of [pair.tree, ...pair.before]) {
        const question = { tree, names: node.names };
        const key = keyOf(question, node);
        if (views.has(key)) continue;
        if (objects.has(tree)) views.set(key, viewFolder(await objects.read(tree, "tree", at), node.names));
        else missing.set(key, question);
      }
    }
    if (missing.size === 0 || !server) return;
    const questions = [...missing.values()].slice(0, MOST_WANTS);
    const [want = "", ...others] = new Set(questions.map(({ tree }) => tree));
    const pack = server.pack({ want, others, withoutTrees: true }, new Set());
    const received = await packWork.readFolders(pack, questions, budget, at);
    for (const [i, key] of [...missing.keys()].slice(0, MOST_WANTS).entries()) {
      const view = received[i];
      if (view) views.set(key, view);
    }
  }

  /** Adds the files that are in none of the parents as they are in the commit; the folders that may have more of them are the next level. */
  function* compare(pair: FolderPair, node: Node, blobs: BlobChange[]): Generator<Level[number]> {
    const view = views.get(keyOf({ tree: pair.tree, names: node.names }, node));
    const before = pair.before.map((tree) => views.get(keyOf({ tree, names: node.names }, node)));
    if (!view || before.some((one) => !one)) {
      isIncomplete = true;
      return;
    }
    for (const [i, child] of [...node.children.values()].entries()) {
      const entry = view.named[i];
      const entries = before.map((one) => one?.named[i]);
      if (!entry || entries.some((one) => one === undefined || one.id === entry.id)) continue;
      const [first] = entries;
      if (child.isFile && isFile(entry.mode) && first && isFile(first.mode))
        blobs.push({ commit: pair.commit, path: child.path, before: first.id, after: entry.id });
      if (child.children.size > 0 && [entry, ...entries].every((one) => one?.mode === FOLDER))
        yield { pair: { commit: pair.commit, tree: entry.id, before: entries.flatMap((one) => one?.id ?? []) }, node: child };
    }
  }

  async function readTexts(blobs: readonly BlobChange[], server: UploadPack | undefined): Promise<void> {
    const ids = new Set(blobs.flatMap(({ before, after }) => [before, after]));
    const texts = new Map<string, string>();
    let bytes = 0;
    const take = (id: string, content: Buffer) => {
      if (content.length > MOST_FILE_BYTES || bytes + content.length > MOST_TEXT_BYTES || !isUtf8(content)) return;
      bytes += content.length;
      texts.set(id, content.toString());
    };
    for (const id of ids) if (objects.has(id)) take(id, await objects.read(id, "blob", at));
    const [want, ...others] = [...ids].filter((id) => !objects.has(id)).slice(0, MOST_WANTS);
    if (want !== undefined && server) {
      const pack = server.pack({ want, others, withoutTrees: true }, new Set());
      await readPackStart(pack, "blob", { budget, take: (content) => take(objectId("blob", content).toString("hex"), content) });
    }
    for (const { commit, path, ...change } of blobs) {
      const [before, after] = [texts.get(change.before), texts.get(change.after)];
      if (before === undefined || after === undefined) isIncomplete = true;
      else found.set(commit, [...(found.get(commit) ?? []), { path, before, after }]);
    }
  }

  return {
    find,
    of: (commit: string): readonly FileChange[] => found.get(commit) ?? [],
    /** Something that had to be compared is not there. */
    isIncomplete: () => isIncomplete,
  };
}

function isFile(mode: string): boolean {
  return mode.startsWith("100");
}

function treeOfPaths(paths: readonly string[]): Node {
  const root = nodeAt("");
  for (const path of paths) {
    let node = root;
    for (const name of path.split("/")) {
      const child = node.children.get(name) ?? nodeAt(node.path === "" ? name : `${node.path}/${name}`);
      if (!node.children.has(name)) node.names.push(name);
      node.children.set(name, child);
      node = child;
    }
    node.isFile = true;
  }
  return root;
}

function nodeAt(path: string): Node {
  return { path, children: new Map(), names: [], isFile: false };
}
