/** Commits out of a packfile's beginning (gitformat-pack(5)): git writes them before trees and blobs, so the rest need not be received. */
import type { Commit } from "../../../core/ports.ts";
import { ReconcileError } from "../../../errors.ts";
import { type Spend, spendFreely } from "./inline-work.ts";
import { readPackHead } from "./pack-head.ts";
import { parseCommit } from "./parse-commit.ts";

const LIMITS = {
  /** Nobody writes a message as long as that by hand. */
  objectBytes: 2 ** 20,
  bytes: 16 * 2 ** 20,
  objects: 50_000,
  tooLarge: () => new ReconcileError("git_limit", "the git server sent a commit of more than 1 MiB; check the application repository"),
  tooMuch: tooManyCommits,
};

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

/** By object id. Tags that name commits may stand between them. */
export function readCommits(pack: Buffer, spend: Spend = spendFreely): Map<string, Commit> | "incomplete" {
  const commits = new Map<string, Commit>();
  const end = readPackHead(pack, ["commit", "tag"], LIMITS, spend, ({ kind, content }) => {
    if (kind !== "commit") return;
    const commit = parseCommit(content);
    commits.set(commit.sha, commit);
  });
  return end === "incomplete" ? end : commits;
}

export function tooManyCommits(): ReconcileError {
  return new ReconcileError("git_limit", "the git server sent more than 16 MiB of commits, or 50,000; check the application repository");
}
