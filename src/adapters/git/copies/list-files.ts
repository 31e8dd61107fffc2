/** The files that a pattern names, found in folders alone; what a folder has is remembered by its id, so that a pass without news reads none again. */
import { setImmediate as turn } from "node:timers/promises";
import { manifestEndings, mostFiles } from "../../../core/file-patterns.ts";
import { ReconcileError } from "../../../errors.ts";
import { createBoundedMap } from "../../../sharing/bounded-map.ts";
import { dataBytes } from "../../../sharing/data-bytes.ts";
import { matchesAsterisks } from "../../../text/matches-asterisks.ts";
import type { ReadObject } from "./manifest-files.ts";
import { entriesOf, FOLDER, isFile } from "./tree-entries.ts";

/** The paths of manifests below a folder, in git's order, and one more than `mostFiles` where there are more. */
export type ListFiles = (read: ReadObject, tree: string, pattern: string, namespace: string) => Promise<readonly string[]>;

/** Of all copies. */
const MOST_REMEMBERED_BYTES = 4 * 2 ** 20;
/** Of one pattern. */
const MOST_FOLDERS = 20_000;
/** Of one pattern, in all its folders: about a second. A folder counts as often as parts of the pattern are looked for in it. */
const MOST_ENTRIES = 200_000;
const MOST_DEPTH = 100;
/** What is done without giving others a turn: some milliseconds. */
const WORK_A_TURN = 5_000;
/** To read a folder is as much as to look at so many entries. */
const FOLDER_WORK = 50;

/** `*` stands for any characters of one part, `**` for any folders or none; neither for what begins with a dot. */
export function createListFiles(): ListFiles {
  const remembered = createBoundedMap<readonly string[]>(MOST_REMEMBERED_BYTES, dataBytes);

  return async (read, tree, pattern, namespace) => {
    let folders = 0;
    let entries = 0;
    let work = 0;
    const spend = async (more: number) => {
      work += more;
      if (work < WORK_A_TURN) return;
      work = 0;
      await turn();
    };
    const refuse = (what: string): never => {
      throw new ReconcileError(
        "manifest_invalid",
        `gitops.operator.deployment_path '${pattern}' leads through ${what}; name a folder in front of **`,
      );
    };

    async function below(id: string, parts: readonly string[], depth: number): Promise<readonly string[]> {
      const key = JSON.stringify([id, parts]);
      const known = remembered.get(key);
      if (known) return known;
      if (++folders > MOST_FOLDERS) refuse(`more than ${MOST_FOLDERS.toLocaleString("en")} folders`);
      if (depth > MOST_DEPTH) refuse(`folders more than ${MOST_DEPTH} deep`);
      await spend(FOLDER_WORK);
      const found = new Set<string>();
      for (const { name, entry } of entriesOf(await read(id, "tree"))) {
        if (++entries > MOST_ENTRIES) refuse(`more than ${MOST_ENTRIES.toLocaleString("en")} entries of folders`);
        await spend(1);
        for (const rest of restsAfter(parts, name, entry.mode === FOLDER)) {
          if (rest.length === 0) {
            if (isFile(entry) && manifestEndings.some((ending) => name.toLowerCase().endsWith(ending))) found.add(name);
          } else if (entry.mode === FOLDER) {
            for (const path of await below(entry.oid, rest, depth + 1)) found.add(`${name}/${path}`);
          }
        }
        if (found.size > mostFiles) break;
      }
      const paths = [...found].slice(0, mostFiles + 1);
      remembered.set(key, paths, namespace);
      return paths;
    }

    // Of several `**` in a row one is as good.
    const parts = pattern.split("/").filter((part, at, all) => part !== "**" || all[at - 1] !== "**");
    const paths = await below(tree, (parts.at(-1) === "**" ? [...parts, "*"] : parts).map(asBytes), 1);
    return paths.map((path) => Buffer.from(path, "latin1").toString("utf8"));
  };
}

/** What of the pattern is left to be matched behind an entry of that name; an empty rest: the entry itself is meant. */
function* restsAfter(parts: readonly string[], name: string, isFolder: boolean): Generator<readonly string[]> {
  const [first, ...rest] = parts;
  if (first === undefined) return;
  if (first === "**") {
    yield* restsAfter(rest, name, isFolder);
    if (isFolder && !name.startsWith(".")) yield parts;
    return;
  }
  if (name.startsWith(".") && !first.startsWith(".")) return;
  if (matchesAsterisks(first, name)) yield rest;
}

/** As names stand in folders. */
function asBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
