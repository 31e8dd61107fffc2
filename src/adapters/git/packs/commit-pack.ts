/** Commits out of a packfile's beginning (gitformat-pack(5)): git writes them before trees and blobs, so the rest need not be received. */
import type { Commit } from "../../../core/ports.ts";
import { ReconcileError } from "../../../errors.ts";
import { ENTRY_WORK, type Spend, spendFreely, TooMuchWork } from "./inline-work.ts";
import { applyDelta, deltaResultSize } from "./pack-delta.ts";
import { COMMIT, inflateEntry, OFS_DELTA, PACK_HEADER_BYTES, readPackEntry } from "./pack-entry.ts";
import { parseCommit } from "./parse-commit.ts";

/** A commit object larger than this is refused: nobody writes such messages by hand. */
const MAX_COMMIT_BYTES = 1024 * 1024;
/** Of all commits of one pack together, inflated. */
const MAX_COMMITS_BYTES = 16 * 1024 * 1024;
const MAX_COMMITS = 50_000;

/** What is wanted of a history: `from` and its first parents, so many at most; and whether one commit is anywhere in it. */
export interface HistoryQuestion {
  readonly from: string;
  readonly most: number;
  readonly sought?: string;
}

export interface PackedHistory {
  /** The newest first. */
  readonly line: readonly Commit[];
  readonly isFound: boolean;
  /** Nothing is behind what was received: the history begins there. */
  readonly isWhole: boolean;
}

/** Reads all commits at the head of the pack, up to the first object of another kind. `pack`: as much of it as is there. */
export function readHistory(
  pack: Buffer,
  { from, most, sought }: HistoryQuestion,
  spend: Spend = spendFreely,
): PackedHistory | "incomplete" {
  const commits = readCommits(pack, spend);
  if (commits === "incomplete") return commits;
  const line: Commit[] = [];
  for (let at = commits.get(from); at && line.length < most; at = commits.get(at.parents[0] ?? "")) line.push(at);
  const isWhole = commits.values().every(({ parents }) => parents.every((parent) => commits.has(parent)));
  return { line, isFound: sought !== undefined && commits.has(sought), isWhole };
}

/** By object id. */
export function readCommits(pack: Buffer, spend: Spend = spendFreely): Map<string, Commit> | "incomplete" {
  if (pack.length < PACK_HEADER_BYTES) return "incomplete";
  try {
    return readAll(pack, spend);
  } catch (error) {
    if (error instanceof ReconcileError || error instanceof TooMuchWork) throw error;
    // What is thrown otherwise means that the bytes are no sound pack.
    throw damagedPack(error);
  }
}

function readAll(pack: Buffer, spend: Spend): Map<string, Commit> | "incomplete" {
  if (pack.toString("latin1", 0, 4) !== "PACK") throw new Error("no pack");
  const commits = new Map<string, Commit>();
  const contents = new Map<number, Buffer>();
  let at = PACK_HEADER_BYTES;
  let bytes = 0;
  for (let left = pack.readUInt32BE(8); left > 0; left--) {
    const object = readObject(pack, at, contents, spend);
    if (object === "incomplete") return object;
    if (object === "other") break;
    bytes += object.content.length;
    if (bytes > MAX_COMMITS_BYTES || commits.size === MAX_COMMITS) throw tooManyCommits();
    contents.set(at, object.content);
    const commit = parseCommit(object.content);
    commits.set(commit.sha, commit);
    at = object.end;
  }
  return commits;
}

type PackObject = { readonly content: Buffer; readonly end: number } | "incomplete" | "other";

function readObject(pack: Buffer, at: number, contents: ReadonlyMap<number, Buffer>, spend: Spend): PackObject {
  const entry = readPackEntry(pack, at);
  if (entry === "incomplete") return "incomplete";
  if (entry.type !== COMMIT && entry.type !== OFS_DELTA) return "other";
  const base = typeof entry.base === "number" ? contents.get(entry.base) : undefined;
  if (entry.type === OFS_DELTA && !base) return "other";
  requireFitting(entry.size);
  spend(entry.size + ENTRY_WORK);
  const inflated = inflateEntry(pack, entry);
  if (inflated === "incomplete" || !base) return inflated;
  const size = deltaResultSize(inflated.content);
  requireFitting(size);
  spend(size);
  return { content: applyDelta(base, inflated.content), end: inflated.end };
}

function requireFitting(bytes: number): void {
  if (bytes <= MAX_COMMIT_BYTES) return;
  throw new ReconcileError("git_limit", "the git server sent a commit of more than 1 MiB; check the application repository");
}

export function tooManyCommits(): ReconcileError {
  return new ReconcileError("git_limit", "the git server sent more than 16 MiB of commits, or 50,000; check the application repository");
}

export function damagedPack(cause?: unknown): ReconcileError {
  return new ReconcileError("git_protocol", "the git server sent a damaged pack; it is asked again at the next pass", { cause });
}
