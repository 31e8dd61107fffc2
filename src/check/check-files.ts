/** What the files that a Deployment names are read as, and where in them the tag stands. */

import { lstat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { WorkingCopy } from "../adapters/git/copies/working-copy.ts";
import { isPattern } from "../core/file-patterns.ts";
import { describePlaces } from "../core/places/describe-places.ts";
import { editFiles } from "../core/places/edit-files.ts";
import { editManifest } from "../core/places/edit-manifest.ts";
import type { Places } from "../core/ports.ts";
import type { Target } from "../core/types.ts";
import { asReconcileError } from "../errors.ts";
import { exampleSha } from "./describe-commits.ts";
import type { Tell } from "./report.ts";

/** Tells once of each file, and of each value that is named in one, what is edited. */
export function tellPlaces(places: Places, tell: Tell): Places {
  const told = new Set<string>();
  return {
    async edit(question, ...rest) {
      const edit = await places.edit(question, ...rest);
      const id = JSON.stringify([question.path, question.at]);
      if (!told.has(id)) tell("ok", describePlaces(question));
      told.add(id);
      return edit;
    },
  };
}

/** Edits the files as a run would, but for their being written; what is wrong is told in the operator's words. */
export async function checkFiles(target: Target, copy: WorkingCopy, tell: Tell): Promise<void> {
  const places = tellPlaces({ edit: async (question) => editManifest(question) }, tell);
  const question = { image: target.image, tag: exampleSha, appCommit: exampleSha };
  try {
    await editFiles(target, exampleSha, question, { copy, places, signal: new AbortController().signal });
  } catch (error) {
    tell("problem", asReconcileError(error).message);
  }
}

/** The folder in which a file that is named lies: that of the checked manifest, or the work tree that it is in. */
export async function findFolder({ files }: Target, manifest: string): Promise<string | undefined> {
  const folder = dirname(resolve(manifest));
  for (const root of [folder, await workTreeOf(folder)]) {
    if (root === undefined) continue;
    const copy = await openFolder(root);
    for (const file of files) {
      const found = isPattern(file)
        ? (await copy.list(exampleSha, file.path).catch(() => [])).length > 0
        : await isThere(join(root, file.path));
      if (found) return root;
    }
  }
  return undefined;
}

export async function openFolder(root: string): Promise<WorkingCopy> {
  // Loaded late: most checks read no folder.
  const { openWorkingCopy } = await import("../adapters/git/copies/working-copy.ts");
  return openWorkingCopy(root);
}

async function workTreeOf(folder: string): Promise<string | undefined> {
  if (await isThere(join(folder, ".git"))) return folder;
  const above = dirname(folder);
  return above === folder ? undefined : workTreeOf(above);
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
