import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { git } from "./git-process.ts";
import { looseObjects, NotLoose, type ObjectFormat } from "./loose-objects.ts";

type FileMode = "100644" | "100755" | "120000";

/** A file's text, or its content with a mode (a symlink's content is where it points to), or null to delete it. */
export type FileChange = string | { readonly content: string | Uint8Array; readonly mode?: FileMode } | null;

interface Person {
  readonly name: string;
  readonly email: string;
}

interface CommitOptions {
  /** Default: the repository's branch. Begins it when it does not exist. */
  readonly branch?: string;
  readonly message?: string;
  readonly author?: Person;
  /** Seconds since 1970; default now. */
  readonly time?: number;
}

interface LogEntry {
  readonly sha: string;
  readonly parents: readonly string[];
  readonly author: Person;
  readonly subject: string;
  readonly body: string;
}

/** A bare repository on disk, worked on without a work tree. Branch arguments default to the repository's branch. */
export interface BareRepository {
  readonly directory: string;
  readonly branch: string;
  /** One commit on the branch, whose new tip it returns. */
  commit(files: Readonly<Record<string, FileChange>>, options?: CommitOptions): Promise<string>;
  /** The branch's tip; undefined when there is no such branch. */
  tip(branch?: string): Promise<string | undefined>;
  read(path: string, at?: string): Promise<string>;
  /** `100644`, `100755`, `120000`, `040000` or `160000`; undefined when the path does not exist. */
  mode(path: string, at?: string): Promise<string | undefined>;
  /** Newest first. */
  log(at?: string): Promise<readonly LogEntry[]>;
  diff(from: string, to: string): Promise<string>;
  /** Rejects when an object is missing or damaged. */
  fsck(): Promise<void>;
  /** Puts the branch there, whatever it was before. */
  forceBranch(branch: string, sha: string): Promise<void>;
  deleteBranch(branch: string): Promise<void>;
  config(key: string, value: string): Promise<void>;
  /** The body of a shell script; it runs at the next push. */
  installHook(name: "pre-receive" | "update" | "reference-transaction" | "proc-receive" | "post-receive", script: string): Promise<void>;
}

/** git-fast-import(1): one process for thousands of files, and no work tree. It writes its pack itself, by itself it would start another git for a small one. */
const FAST_IMPORT = ["-c", "fastimport.unpackLimit=1", "fast-import", "--quiet", "--date-format=raw"];
/** More files than these come by git, in one pack. */
const MOST_LOOSE = 100;
const DEFAULT_MESSAGE = "Change files";
const OBJECT_NAME = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const sandboxPerson: Person = { name: "Sandbox", email: "sandbox@example.com" };

export async function createBareRepository(
  directory: string,
  options: {
    readonly branch?: string;
    readonly files?: Readonly<Record<string, FileChange>>;
    readonly objectFormat?: ObjectFormat;
  } = {},
): Promise<BareRepository> {
  const { branch = "main", files, objectFormat = "sha1" } = options;
  initialize(directory, branch, objectFormat);
  const repository = openBareRepository(directory, branch, objectFormat);
  if (files) await repository.commit(files, { message: "Initial commit" });
  return repository;
}

/** As `git init --bare --template=` leaves it. */
function initialize(directory: string, branch: string, format: ObjectFormat): void {
  for (const folder of ["objects/info", "objects/pack", "refs/heads", "refs/tags"]) mkdirSync(join(directory, folder), { recursive: true });
  mkdirSync(dirname(join(directory, "refs/heads", branch)), { recursive: true });
  const extension = format === "sha1" ? "" : `[extensions]\n\tobjectformat = ${format}\n`;
  const version = format === "sha1" ? 0 : 1;
  writeFileSync(join(directory, "HEAD"), `ref: refs/heads/${branch}\n`);
  writeFileSync(
    join(directory, "config"),
    `[core]\n\trepositoryformatversion = ${version}\n\tfilemode = true\n\tbare = true\n${extension}`,
  );
}

export function openBareRepository(directory: string, branch = "main", format: ObjectFormat = "sha1"): BareRepository {
  const text = async (...args: string[]) => (await git(directory, args)).toString();
  const objects = looseObjects(directory, format);
  const has = (path: string) => existsSync(join(directory, path));

  /** Of a branch that is a file, which counts before packed-refs; git itself is a process for each question. */
  function looseTip(name: string): string | undefined {
    const file = join(directory, "refs/heads", name);
    const isFile = statSync(file, { throwIfNoEntry: false })?.isFile();
    return isFile ? /^[0-9a-f]{40,64}(?=\n$)/.exec(readFileSync(file, "utf8"))?.[0] : undefined;
  }

  async function tip(name = branch): Promise<string | undefined> {
    const loose = looseTip(name);
    if (loose !== undefined) return loose;
    const sha = (await text("for-each-ref", "--format=%(objectname)", `refs/heads/${name}`)).trim();
    return sha === "" ? undefined : sha;
  }

  /** As fast-import does it, under the branch's lock. */
  function commitLoose(name: string, files: Readonly<Record<string, FileChange>>, options: CommitOptions): string {
    const file = join(directory, "refs/heads", name);
    const from = looseTip(name);
    // A hook of references and a reflog are git's to keep, and packed-refs is git's to read.
    const isKept = has("hooks/reference-transaction") || /logAllRefUpdates/i.test(readFileSync(join(directory, "config"), "utf8"));
    if (isKept || (from === undefined && (existsSync(file) || has("packed-refs")))) throw new NotLoose(name);
    const changes = Object.entries(files).map(([path, change]) => [path, change === null ? null : fileOf(change)] as const);
    const tree = objects.tree(changes, from === undefined ? undefined : objects.treeOf(from));
    const parent = from === undefined ? "" : `parent ${from}\n`;
    const commit = objects.commit(`tree ${tree}\n${parent}${personLines(options)}\n${options.message ?? DEFAULT_MESSAGE}`);
    mkdirSync(dirname(file), { recursive: true });
    // Of whoever writes the branch meanwhile, one fails: git's own words are those of fast-import then.
    try {
      writeFileSync(`${file}.lock`, `${commit}\n`, { flag: "wx" });
    } catch (error) {
      throw new NotLoose(name, { cause: error });
    }
    if (looseTip(name) !== from) {
      rmSync(`${file}.lock`);
      throw new NotLoose(name);
    }
    renameSync(`${file}.lock`, file);
    return commit;
  }

  return {
    directory,
    branch,
    tip,
    async commit(files, commitOptions = {}) {
      const name = commitOptions.branch ?? branch;
      const loose = Object.keys(files).length <= MOST_LOOSE && unlessNotLoose(() => commitLoose(name, files, commitOptions));
      if (loose) return loose;
      const from = await tip(name);
      const mark = await git(directory, FAST_IMPORT, { input: importStream(`refs/heads/${name}`, from, files, commitOptions) });
      return mark.toString().trim();
    },
    async read(path, at = branch) {
      const commit = OBJECT_NAME.test(at) ? at : has("packed-refs") || has(`refs/tags/${at}`) ? undefined : looseTip(at);
      const loose = commit && unlessNotLoose(() => objects.read(path, objects.treeOf(commit)));
      return loose ? loose.toString() : text("cat-file", "blob", `${at}:${path}`);
    },
    async mode(path, at = branch) {
      const entry = await text("ls-tree", at, "--", path);
      return entry === "" ? undefined : entry.slice(0, 6);
    },
    async log(at = branch) {
      const output = await text("log", "-z", "--format=%H%n%P%n%an%n%ae%n%s%n%b", at, "--");
      return output.split("\0").filter(Boolean).map(parseLogEntry);
    },
    diff: (from, to) => text("diff", "--no-color", "--no-ext-diff", from, to),
    async fsck() {
      await git(directory, ["fsck", "--full", "--strict"]);
    },
    async forceBranch(name, sha) {
      await git(directory, ["update-ref", `refs/heads/${name}`, sha]);
    },
    async deleteBranch(name) {
      await git(directory, ["update-ref", "-d", `refs/heads/${name}`]);
    },
    async config(key, value) {
      await git(directory, ["config", key, value]);
    },
    async installHook(name, script) {
      const path = join(directory, "hooks", name);
      await mkdir(join(directory, "hooks"), { recursive: true });
      await writeFile(path, `#!/bin/sh\n${script}\n`);
      await chmod(path, 0o755);
    },
  };
}

function unlessNotLoose<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof NotLoose) return undefined;
    throw error;
  }
}

function parseLogEntry(text: string): LogEntry {
  const [sha = "", parents = "", name = "", email = "", subject = "", ...body] = text.split("\n");
  return { sha, parents: parents.split(" ").filter(Boolean), author: { name, email }, subject, body: body.join("\n").trimEnd() };
}

/** Author and committer of a commit, a line each. */
function personLines({ author = sandboxPerson, time = Math.floor(Date.now() / 1000) }: CommitOptions): string {
  return ["author", "committer"].map((role) => `${role} ${author.name} <${author.email}> ${time} +0000\n`).join("");
}

function fileOf(change: Exclude<FileChange, null>) {
  return typeof change === "string" ? { content: change, mode: "100644" } : { mode: "100644", ...change };
}

function importStream(ref: string, from: string | undefined, files: Readonly<Record<string, FileChange>>, options: CommitOptions): Buffer {
  const { message = DEFAULT_MESSAGE } = options;
  const chunks: (string | Uint8Array)[] = [`commit ${ref}\nmark :1\n`, personLines(options), ...data(message)];
  if (from !== undefined) chunks.push(`from ${from}\n`);
  for (const [path, change] of Object.entries(files)) {
    if (change === null) {
      chunks.push(`D ${JSON.stringify(path)}\n`);
      continue;
    }
    const { content, mode } = fileOf(change);
    chunks.push(`M ${mode} inline ${JSON.stringify(path)}\n`, ...data(content));
  }
  chunks.push("\nget-mark :1\n");
  return Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)));
}

function data(content: string | Uint8Array): (string | Uint8Array)[] {
  return [`data ${Buffer.byteLength(content)}\n`, content, "\n"];
}
