/** A folder read as if it were a commit of the manifests repository: with the same patterns, refusals and words. */
import { constants, type Dirent } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ManifestsCopy } from "../../../core/git-ports.ts";
import { ReconcileError } from "../../../errors.ts";
import { createListFiles } from "./list-files.ts";
import { readFile } from "./manifest-files.ts";
import { FOLDER } from "./tree-entries.ts";

export type WorkingCopy = Pick<ManifestsCopy, "list" | "read">;

interface Entry {
  readonly mode: string;
  readonly name: Buffer;
}

/** Nothing outside the folder is read: a symbolic link is one, as it is in git, and is not followed. */
export function openWorkingCopy(root: string): WorkingCopy {
  const folder = Buffer.from(root);
  /** Which path each id stands for. */
  const paths: Buffer[] = [folder];
  const idOf = (path: Buffer) => (paths.push(path) - 1).toString(16).padStart(40, "0");
  const pathOf = (id: string) => paths[Number.parseInt(id, 16)] ?? folder;
  const listFiles = createListFiles();

  async function read(id: string, kind: string): Promise<Buffer> {
    const path = pathOf(id);
    try {
      if (kind === "commit") return Buffer.from(`tree ${"0".repeat(40)}\n`);
      return await (kind === "tree" ? readFolder(path) : readBytes(path));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "unknown reason";
      throw new ReconcileError("manifest_invalid", `${path} can't be read (${code}); see that it is there, and that you may read it`);
    }
  }

  /** In the form of a tree object. */
  async function readFolder(path: Buffer): Promise<Buffer> {
    const entries: Entry[] = [];
    for (const entry of await readdir(path, { withFileTypes: true, encoding: "buffer" })) {
      const mode = entry.name.equals(dotGit) ? undefined : await modeOf(entry, below(path, entry.name));
      if (mode !== undefined) entries.push({ mode, name: entry.name });
    }
    // As git has it: a folder's name is compared with a slash behind it.
    const key = ({ mode, name }: Entry) => (mode === FOLDER ? Buffer.concat([name, slash]) : name);
    entries.sort((a, b) => key(a).compare(key(b)));
    return Buffer.concat(
      entries.flatMap(({ mode, name }) => [Buffer.from(`${mode} `), name, zero, Buffer.from(idOf(below(path, name)), "hex")]),
    );
  }

  return {
    list: (_commit, pattern) => listFiles(read, "0".repeat(40), pattern, ""),
    read: (commit, path) => readFile(read, commit, path),
  };
}

const dotGit = Buffer.from(".git");
const slash = Buffer.from("/");
const zero = Buffer.from([0]);

function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, slash, name]);
}

/** Undefined: nothing that git keeps. */
async function modeOf(entry: Dirent<Buffer>, path: Buffer): Promise<string | undefined> {
  if (entry.isSymbolicLink()) return "120000";
  if (entry.isDirectory()) return (await isRepository(path)) ? "160000" : FOLDER;
  return entry.isFile() ? "100644" : undefined;
}

async function isRepository(path: Buffer): Promise<boolean> {
  return (await lstat(join(path.toString(), ".git")).catch(() => undefined)) !== undefined;
}

async function readBytes(path: Buffer): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}
