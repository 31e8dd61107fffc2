/** Which commits of a manifests branch changed which Deployment's tag. */
import type { Identity } from "../app-history.ts";
import type { BranchCommit, FileChange } from "../branch-history.ts";
import { isOperatorCommit } from "../commits/commit-message.ts";
import { fileInTrailer, readTrailers } from "../commits/trailers.ts";
import { isPattern, mostFiles } from "../file-patterns.ts";
import { formatImage, matchesImage, parseImageReference, splitImage } from "../image.ts";
import type { ManifestsCopy, Places, Written } from "../ports.ts";
import { type FilePattern, idOf, placeInWords, type Target } from "../types.ts";
import { changeEntry, type HistoryEntry, ownEntry } from "./history-entry.ts";

/** A Deployment, and its files as they are in the newest commit. */
interface WatchedTarget {
  readonly target: Target;
  readonly files: readonly FilePattern[];
}

/** Of the Deployment with that id. */
export interface Told {
  readonly id: string;
  readonly entry: HistoryEntry;
}

interface EntryPorts {
  readonly identity: Identity;
  readonly places: Places;
  readonly signal: AbortSignal;
}

/** Files that are not there, or are too many, are left out. */
export async function watchTarget(target: Target, tip: string, copy: Pick<ManifestsCopy, "list">): Promise<WatchedTarget> {
  const files: FilePattern[] = [];
  for (const pattern of target.files) {
    const paths = isPattern(pattern) ? await copy.list(tip, pattern.path).catch(() => []) : [pattern.path];
    files.push(...paths.map((path) => ({ ...pattern, path })));
  }
  return { target, files: files.slice(0, mostFiles) };
}

/** Whether the operator made it, and its trailers say all that it did. */
export function tellsAll(
  commit: Pick<BranchCommit, "sha" | "author" | "subject" | "hasTrailers" | "message">,
  identity: Identity,
): boolean {
  return isOperatorCommit(commit, identity) && readTrailers(commit.sha, commit.message).length > 0;
}

/** In the order of the commits. */
export async function readEntries(
  commits: readonly BranchCommit[],
  targets: readonly WatchedTarget[],
  ports: EntryPorts,
): Promise<readonly Told[]> {
  const byPath = new Map<string, WatchedTarget[]>();
  for (const one of targets)
    for (const path of new Set(one.files.map((file) => file.path))) byPath.set(path, [...(byPath.get(path) ?? []), one]);
  const byTrailer = new Map([...byPath].map(([path, watched]) => [fileInTrailer(path), watched]));
  const byName = Map.groupBy(targets, ({ target }) => placeInWords(target));
  const told: Told[] = [];

  function tellOwn(commit: BranchCommit): void {
    const all = readTrailers(commit.sha, commit.message);
    for (const written of all) {
      const entry = ownEntry(commit, written, all.length === 1);
      const named =
        written.files.length > 0 ? written.files.flatMap((file) => byTrailer.get(file) ?? []) : (byName.get(written.workload) ?? []);
      if (!entry) continue;
      for (const { target } of new Set(named)) if (isImageOf(target, written)) told.push({ id: idOf(target), entry });
    }
  }

  async function tellChange(commit: BranchCommit, change: FileChange): Promise<void> {
    const by = isOperatorCommit(commit, ports.identity) ? "operator" : "person";
    for (const watched of byPath.get(change.path) ?? []) {
      const before = await tagsIn(watched, change.path, change.before, ports);
      const after = await tagsIn(watched, change.path, change.after, ports);
      const from = before.find((tag) => !after.includes(tag));
      const to = after.find((tag) => !before.includes(tag));
      if (from !== undefined && to !== undefined) told.push({ id: idOf(watched.target), entry: changeEntry(commit, by, from, to) });
    }
  }

  for (const commit of commits) {
    if (tellsAll(commit, ports.identity)) tellOwn(commit);
    else for (const change of commit.changes) await tellChange(commit, change);
  }
  return told;
}

function isImageOf({ image }: Target, written: Written): boolean {
  const { name } = splitImage(written.image);
  const reference = parseImageReference(written.image);
  return name === formatImage(image) || (reference !== undefined && matchesImage(reference, image));
}

/** None where the file is none that the operator understands. */
async function tagsIn({ target, files }: WatchedTarget, path: string, text: string, { places, signal }: EntryPorts): Promise<string[]> {
  const tags: string[] = [];
  for (const { at } of files.filter((file) => file.path === path)) {
    const question = { text, path, at, image: target.image, tag: "latest", isUnchecked: true };
    const edit = await places.edit(question, target, signal).catch(() => undefined);
    if (edit && edit.kind !== "none") tags.push(...edit.tags);
  }
  return tags;
}
