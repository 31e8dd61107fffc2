/** Objects that are a file each, written and read as git does: starting git for them costs a test thirty times as much. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";

export type ObjectFormat = "sha1" | "sha256";
type ObjectType = "blob" | "tree" | "commit";

interface File {
  readonly mode: string;
  readonly content: string | Uint8Array;
}

/** What is in the repository already. */
interface Known {
  readonly mode: string;
  readonly object: string;
}

type Folder = Map<string, File | Known | Folder>;

const FOLDER_MODE = "40000";
/** A component that git refuses or is particular about, or a byte that has to be quoted for it. */
const ODD_PATH = /(^|\/)(\.{0,2}|\.git)(\/|$)|\p{Cc}/iu;

/** It can't be done with objects that are files: an object is in a pack, or the question is one for git itself. */
export class NotLoose extends Error {}

/** What is in the repository `directory` of that format; the functions that write return the new object's name. */
export function looseObjects(directory: string, format: ObjectFormat) {
  const file = (name: string) => join(directory, "objects", name.slice(0, 2), name.slice(2));

  function write(type: ObjectType, content: string | Uint8Array): string {
    const object = Buffer.concat([Buffer.from(`${type} ${Buffer.byteLength(content)}\0`), Buffer.from(content)]);
    const name = createHash(format).update(object).digest("hex");
    if (existsSync(file(name))) return name;
    mkdirSync(join(directory, "objects", name.slice(0, 2)), { recursive: true });
    writeFileSync(file(name), deflateSync(object, { level: 1 }));
    return name;
  }

  function read(type: ObjectType, name: string): Buffer {
    let deflated: Buffer;
    try {
      deflated = readFileSync(file(name));
    } catch (error) {
      throw new NotLoose(name, { cause: error });
    }
    const object = inflateSync(deflated);
    if (!object.toString("latin1", 0, 10).startsWith(`${type} `)) throw new NotLoose(name);
    return object.subarray(object.indexOf(0) + 1);
  }

  /** git knows no folder without files, but the root. */
  const isEmpty = (folder: Folder): boolean => [...folder.values()].every((entry) => entry instanceof Map && isEmpty(entry));

  /** In git's order: by bytes, a folder's name as if a slash ended it. */
  function writeFolder(folder: Folder): string {
    const entries = [...folder].flatMap(([name, entry]) => {
      if (entry instanceof Map && isEmpty(entry)) return [];
      const { mode, object } = entry instanceof Map ? { mode: FOLDER_MODE, object: writeFolder(entry) } : known(entry);
      const bytes = Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(object, "hex")]);
      return [{ order: Buffer.from(mode === FOLDER_MODE ? `${name}/` : name), bytes }];
    });
    entries.sort((a, b) => Buffer.compare(a.order, b.order));
    return write("tree", Buffer.concat(entries.map(({ bytes }) => bytes)));
  }

  const known = (entry: File | Known): Known => ("object" in entry ? entry : { mode: entry.mode, object: write("blob", entry.content) });

  function readFolder(tree: string): Folder {
    const bytes = read("tree", tree);
    const folder: Folder = new Map();
    for (let at = 0; at < bytes.length; ) {
      const nameAt = bytes.indexOf(" ", at) + 1;
      const end = bytes.indexOf(0, nameAt);
      const name = bytes.toString("utf8", nameAt, end);
      if (!Buffer.from(name).equals(bytes.subarray(nameAt, end))) throw new NotLoose(tree);
      const next = end + 1 + tree.length / 2;
      folder.set(name, { mode: bytes.toString("latin1", at, nameAt - 1), object: bytes.toString("hex", end + 1, next) });
      at = next;
    }
    return folder;
  }

  /** The folder `name` of another, made where nothing has that name. */
  function within(folder: Folder, name: string): Folder {
    const entry = folder.get(name) ?? new Map();
    if (!(entry instanceof Map) && !("object" in entry && entry.mode === FOLDER_MODE)) throw new NotLoose(`${name} is a file`);
    const inner = entry instanceof Map ? entry : readFolder(entry.object);
    folder.set(name, inner);
    return inner;
  }

  return {
    /** Of the files by their paths, null for none, on top of what the tree `from` has. */
    tree(files: Iterable<readonly [string, File | null]>, from?: string): string {
      const root: Folder = from === undefined ? new Map() : readFolder(from);
      for (const [path, content] of files) {
        if (ODD_PATH.test(path)) throw new NotLoose(path);
        const names = path.split("/");
        const last = names.pop() ?? "";
        const folder = names.reduce(within, root);
        if (content === null) folder.delete(last);
        else folder.set(last, content);
      }
      return writeFolder(root);
    },
    commit: (text: string): string => write("commit", text),
    treeOf: (commit: string): string => read("commit", commit).toString("latin1", "tree ".length, "tree ".length + commit.length),
    /** The content of a file. */
    read(path: string, tree: string): Buffer {
      const names = path.split("/");
      const last = names.pop() ?? "";
      const entry = names.reduce(within, readFolder(tree)).get(last);
      if (entry === undefined || !("object" in entry)) throw new NotLoose(path);
      return read("blob", entry.object);
    },
  };
}
