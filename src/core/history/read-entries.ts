/** Which commits of a manifests branch changed which Deployment's tag. */
import type { Identity } from "../app-history.ts";
import type { BranchCommit, FileChange, HistoryEntry } from "../branch-history.ts";
import { isOperatorCommit } from "../commits/commit-message.ts";
import { fileInTrailer, readTrailers } from "../commits/trailers.ts";
import { isPattern, mostFiles } from "../file-patterns.ts";
import type { ManifestsCopy, Written } from "../git-ports.ts";
import { formatImage, matchesImage, parseImageReference, splitImage } from "../image.ts";
import type { Places } from "../ports.ts";
import { type FilePattern, idOf, placeInWords, type Target } from "../types.ts";
import { changeEntry, ownEntry } from "./history-entry.ts";

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
  /** Lets others go on: what is looked at may be much, and nobody waits for it. */
  readonly breathe: () => Promise<void>;
}

interface Entries {
  /** In the order of the commits. */
  readonly told: readonly Told[];
  /** It is more than is looked at: what is older is not told. */
  readonly isCut: boolean;
}

/** Of files that are compared in one look: a hundred Deployments may name one file that a hundred commits change. */
const MOST_COMPARED_BYTES = 16 * 2 ** 20;
/** Of these, what it costs to compare a trailer with a Deployment, about. */
const TRAILER_BYTES = 64;

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

export async function readEntries(
  commits: readonly BranchCommit[],
  targets: readonly WatchedTarget[],
  ports: EntryPorts,
): Promise<Entries> {
  const byPath = new Map<string, WatchedTarget[]>();
  for (const one of targets)
    for (const path of new Set(one.files.map((file) => file.path))) byPath.set(path, [...(byPath.get(path) ?? []), one]);
  const byTrailer = new Map([...byPath].map(([path, watched]) => [fileInTrailer(path), watched]));
  const byName = Map.groupBy(targets, ({ target }) => placeInWords(target));
  const told: Told[] = [];
  let leftBytes = MOST_COMPARED_BYTES;
  /** Many Deployments may have one image, and what one commit found the next one began with. */
  const known = new Map<string, Map<string, readonly string[]>>();

  /** None where the file is none that the operator understands. */
  async function tagsIn({ target, files }: WatchedTarget, path: string, text: string): Promise<readonly string[]> {
    const { places, signal } = ports;
    const tags: string[] = [];
    const ofText = known.get(text) ?? new Map<string, readonly string[]>();
    known.set(text, ofText);
    for (const { at } of files.filter((file) => file.path === path)) {
      const key = JSON.stringify([path, at, target.image]);
      const before = ofText.get(key);
      if (before) tags.push(...before);
      if (before || leftBytes <= 0) continue;
      leftBytes -= text.length;
      await ports.breathe();
      const question = { text, path, at, image: target.image, tag: "latest", isUnchecked: true };
      const edit = await places.edit(question, target, signal).catch(() => undefined);
      const found = edit && edit.kind !== "none" ? edit.tags : [];
      ofText.set(key, found);
      tags.push(...found);
    }
    return tags;
  }

  function tellOwn(commit: BranchCommit): void {
    const all = readTrailers(commit.sha, commit.message);
    for (const written of all) {
      const entry = ownEntry(commit, written, all.length === 1);
      const named =
        written.files.length > 0 ? written.files.flatMap((file) => byTrailer.get(file) ?? []) : (byName.get(written.workload) ?? []);
      if (!entry) continue;
      leftBytes -= TRAILER_BYTES * named.length;
      for (const { target } of new Set(named)) if (isImageOf(target, written)) told.push({ id: idOf(target), entry });
    }
  }

  async function tellChange(commit: BranchCommit, change: FileChange): Promise<void> {
    const by = isOperatorCommit(commit, ports.identity) ? "operator" : "person";
    for (const watched of byPath.get(change.path) ?? []) {
      const before = await tagsIn(watched, change.path, change.before);
      const after = await tagsIn(watched, change.path, change.after);
      // Half of a comparison would tell of a change that was none.
      if (leftBytes <= 0) return;
      const from = before.find((tag) => !after.includes(tag));
      const to = after.find((tag) => !before.includes(tag));
      if (from !== undefined && to !== undefined) told.push({ id: idOf(watched.target), entry: changeEntry(commit, by, from, to) });
    }
  }

  for (const commit of commits) {
    if (leftBytes <= 0) break;
    await ports.breathe();
    if (tellsAll(commit, ports.identity)) tellOwn(commit);
    else for (const change of commit.changes) await tellChange(commit, change);
  }
  return { told, isCut: leftBytes <= 0 };
}

function isImageOf({ image }: Target, written: Written): boolean {
  const { name } = splitImage(written.image);
  const reference = parseImageReference(written.image);
  return name === formatImage(image) || (reference !== undefined && matchesImage(reference, image));
}
