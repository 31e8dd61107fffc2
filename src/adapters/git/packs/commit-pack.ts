/** Commits out of a packfile's beginning (gitformat-pack(5)): git writes them before trees and blobs, so the rest need not be received. */
import type { Commit } from "../../../core/app-history.ts";
import { MARK, readTrailers } from "../../../core/commits/trailers.ts";
import type { Written } from "../../../core/git-ports.ts";
import { ReconcileError } from "../../../errors.ts";
import { dataBytes } from "../../../sharing/data-bytes.ts";
import { type Spend, spendFreely } from "./inline-work.ts";
import { readPackHead } from "./pack-head.ts";
import { messageOf, parseCommit } from "./parse-commit.ts";

const LIMITS = {
  /** Nobody writes a message as long as that by hand. */
  objectBytes: 2 ** 20,
  bytes: 16 * 2 ** 20,
  objects: 50_000,
  tooLarge: () => new ReconcileError("git_limit", "the git server sent a commit of more than 1 MiB; check the application repository"),
  tooMuch: tooManyCommits,
};

/** What commits say to have written, some 10,000 times: more is not kept of a branch. */
export const MOST_WRITTEN_BYTES = 8 * 2 ** 20;

/** What is wanted of a history: `from` and its first parents, so many at most; and whether one commit is anywhere in it. */
export interface HistoryQuestion {
  readonly from: string;
  readonly most: number;
  readonly sought?: string;
  /** Of all commits what they say to have written. */
  readonly keep?: "written";
}

export interface PackedHistory {
  /** The newest first, each with its first parent alone: a hundred of them would be ten times as much to keep. */
  readonly line: readonly Commit[];
  readonly isFound: boolean;
  /** Nothing is behind what was received: the history begins there. */
  readonly isWhole: boolean;
  /** Where it was asked for: what the commits have written. `cut`: those with a parent that is not there; `isPure`: the pack holds commits alone. */
  readonly kept?: { readonly written: readonly Written[]; readonly cut: readonly string[]; readonly isPure: boolean };
}

/** Reads all commits at the head of the pack, up to the first object of another kind. `pack`: as much of it as is there. */
export function readHistory(
  pack: Buffer,
  { from, most, sought, keep }: HistoryQuestion,
  spend: Spend = spendFreely,
): PackedHistory | "incomplete" {
  const written: Written[] = [];
  let writtenBytes = 0;
  const look = (sha: string, content: Buffer) => {
    const found = writtenIn(sha, content);
    writtenBytes += dataBytes(found);
    if (writtenBytes > MOST_WRITTEN_BYTES) throw tooManyWrites();
    written.push(...found);
  };
  const commits = readCommits(pack, spend, keep && look);
  if (commits === "incomplete") return commits;
  const line: Commit[] = [];
  for (let at = commits.get(from); at && line.length < most; at = commits.get(at.parents[0] ?? ""))
    line.push({ ...at, parents: at.parents.slice(0, 1) });
  const cut = [...commits.values()].filter(({ parents }) => parents.some((parent) => !commits.has(parent))).map(({ sha }) => sha);
  const kept = keep && commits.has(from) ? { kept: { written, cut, isPure: commits.size === pack.readUInt32BE(8) } } : {};
  return { line, isFound: sought !== undefined && commits.has(sought), isWhole: cut.length === 0, ...kept };
}

/** What a commit, an object's content, says to have written. */
export function writtenIn(sha: string, content: Buffer): Written[] {
  return content.includes(MARK) ? readTrailers(sha, messageOf(content)) : [];
}

/** Is shown each commit's content. */
type Look = (sha: string, content: Buffer) => void;

/** By object id. Tags that name commits may stand between them. */
export function readCommits(pack: Buffer, spend: Spend = spendFreely, look: Look = () => {}): Map<string, Commit> | "incomplete" {
  const commits = new Map<string, Commit>();
  const end = readPackHead(pack, ["commit", "tag"], LIMITS, spend, ({ kind, content }) => {
    if (kind !== "commit") return;
    const commit = parseCommit(content);
    commits.set(commit.sha, commit);
    look(commit.sha, content);
  });
  return end === "incomplete" ? end : commits;
}

function tooManyWrites(): ReconcileError {
  return new ReconcileError("git_limit", "the git server sent commits that say to be the operator's and to have written more than is kept");
}

export function tooManyCommits(): ReconcileError {
  return new ReconcileError("git_limit", "the git server sent more than 16 MiB of commits, or 50,000; check the application repository");
}
