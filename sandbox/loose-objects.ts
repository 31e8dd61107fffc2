/** The objects of a first commit, each a file as git itself writes it: starting git for them costs a test thirty times as much. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";

export type ObjectFormat = "sha1" | "sha256";

interface File {
  readonly mode: string;
  readonly content: string | Uint8Array;
}

type Folder = Map<string, File | Folder>;

/** What is in the repository `directory` of that format; each function returns the new object's name. */
export function looseObjects(directory: string, format: ObjectFormat) {
  function write(type: "blob" | "tree" | "commit", content: string | Uint8Array): string {
    const object = Buffer.concat([Buffer.from(`${type} ${Buffer.byteLength(content)}\0`), Buffer.from(content)]);
    const name = createHash(format).update(object).digest("hex");
    const folder = join(directory, "objects", name.slice(0, 2));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name.slice(2)), deflateSync(object, { level: 1 }));
    return name;
  }

  /** In git's order: by bytes, a folder's name as if a slash ended it. */
  function writeFolder(folder: Folder): string {
    const entries = [...folder].map(([name, entry]) => {
      const [mode, object] = entry instanceof Map ? ["40000", writeFolder(entry)] : [entry.mode, write("blob", entry.content)];
      const bytes = Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(object, "hex")]);
      return { order: Buffer.from(entry instanceof Map ? `${name}/` : name), bytes };
    });
    entries.sort((a, b) => Buffer.compare(a.order, b.order));
    return write("tree", Buffer.concat(entries.map(({ bytes }) => bytes)));
  }

  return {
    /** Of the files by their paths. */
    tree: (files: ReadonlyMap<string, File>): string => writeFolder(foldersOf(files)),
    commit: (text: string): string => write("commit", text),
  };
}

function foldersOf(files: ReadonlyMap<string, File>): Folder {
  const root: Folder = new Map();
  for (const [path, file] of files) {
    const names = path.split("/");
    const last = names.pop() ?? "";
    let folder = root;
    for (const name of names) {
      const next = folder.get(name) ?? new Map();
      if (!(next instanceof Map)) throw new Error(`${path}: ${name} is a file`);
      folder.set(name, next);
      folder = next;
    }
    folder.set(last, file);
  }
  return root;
}
