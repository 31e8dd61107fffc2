import type { Commit, TipCandidate } from "../../src/core/app-history.ts";

export function commitOf(sha: string, more: Partial<Commit> = {}): Commit {
  return {
    sha,
    tree: "3".repeat(40),
    parents: [],
    author: { name: "Ada", email: "ada@example.com" },
    time: 0,
    subject: "m",
    hasTrailers: false,
    ...more,
  };
}

export function candidateOf(sha: string, tag = sha): TipCandidate {
  return { sha, tag, words: `${sha.slice(0, 7)} m`, summary: { author: "A", subject: "m", time: 0 }, commit: async () => commitOf(sha) };
}
