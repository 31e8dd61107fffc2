/** What `-f` names: files, folders, globs and standard input, each file once. */
import { createReadStream } from "node:fs";
import { glob, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Misuse } from "../commands/terminal.ts";
import { manifestEndings } from "../core/file-patterns.ts";

export interface Input {
  /** For people. */
  readonly name: string;
  /** Absolute; undefined for standard input. */
  readonly path: string | undefined;
  readonly text: string | { readonly problem: string };
  /** It was found in a folder or by a pattern: nobody says that it is one to be checked. */
  readonly isFound: boolean;
}

/** One more byte than may be read tells that there is too much. */
const maxBytes = 2 ** 20;
/** What any manifest holds that concerns us: of folders and globs no other files are checked. */
const ourWord = "gitops.operator";
const mostFiles = 20_000;

export async function readInputs(named: readonly string[], stdin: AsyncIterable<Uint8Array>): Promise<Input[]> {
  if (named.filter((name) => name === "-").length > 1) throw new Misuse("-f - may be given once, as standard input is read once");
  const inputs = new Map<string, Input>();
  for (const name of named) {
    for (const input of await readNamed(name, stdin)) {
      const id = input.path ?? "-";
      if (!inputs.has(id)) inputs.set(id, input);
    }
  }
  return [...inputs.values()];
}

async function readNamed(name: string, stdin: AsyncIterable<Uint8Array>): Promise<Input[]> {
  if (name === "-") return [{ name: "standard input", path: undefined, text: await readText(stdin), isFound: false }];
  const isFolder = await stat(name).then(
    (found) => found.isDirectory(),
    () => undefined,
  );
  if (isFolder === undefined && /[*?[{]/.test(name)) {
    return readOurs(name, await globbed(name), `names no YAML or JSON file with annotations of ours; correct the pattern`);
  }
  if (isFolder)
    return readOurs(name, await filesBelow(name), `has no YAML or JSON file with annotations of ours; give another folder, or a file`);
  return [await readFile(name, false)];
}

async function readOurs(name: string, files: readonly string[], none: string): Promise<Input[]> {
  const ours: Input[] = [];
  for (const file of files.toSorted()) {
    const input = await readFile(file, true);
    if (typeof input.text === "string" && input.text.includes(ourWord)) ours.push(input);
  }
  return ours.length > 0 ? ours : [{ name, path: resolve(name), text: { problem: none }, isFound: false }];
}

async function readFile(name: string, isFound: boolean): Promise<Input> {
  return { name, path: resolve(name), text: await readText(createReadStream(name, { end: maxBytes })), isFound };
}

async function globbed(pattern: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of glob(pattern, { withFileTypes: true, exclude: ({ name }) => isPassedOver(name) })) {
    if (entry.isFile() && isManifest(entry.name)) add(files, join(entry.parentPath, entry.name));
  }
  return files;
}

/** Neither through symbolic links nor into hidden folders. */
async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const path = join(at, entry.name);
      if (entry.isDirectory() && !isPassedOver(entry.name)) folders.push(path);
      if (entry.isFile() && isManifest(entry.name)) add(files, path);
    }
  }
  return files;
}

function add(files: string[], path: string): void {
  if (files.length === mostFiles) throw new Misuse(`there are more than ${mostFiles} YAML and JSON files; give folders further down`);
  files.push(path);
}

function isPassedOver(folder: string): boolean {
  return folder === "node_modules" || (folder.startsWith(".") && !/^\.{1,2}$/.test(folder));
}

function isManifest(name: string): boolean {
  return manifestEndings.some((ending) => name.toLowerCase().endsWith(ending));
}

async function readText(input: AsyncIterable<Uint8Array>): Promise<Input["text"]> {
  try {
    return await decoded(input);
  } catch (error) {
    if (error instanceof TypeError) return { problem: "is not UTF-8 text; give a YAML file" };
    return { problem: `can't be read (${(error as NodeJS.ErrnoException).code ?? "unknown reason"}); give the path of a manifest` };
  }
}

/** Rejects with a TypeError for what is no UTF-8. */
async function decoded(input: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Too much is cut, and the reader of YAML refuses it by its size.
    if (bytes > maxBytes) return Buffer.concat(chunks).toString("latin1", 0, maxBytes + 1);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
}
