import type { Branch, Wanted } from "./git-ports.ts";

/** Equal for equal repository, branch (named or not) and key; the parts can't run into one another. */
export function branchId({ repository, branch, key }: Wanted<Branch>): string {
  return JSON.stringify([repository, branch, key?.id]);
}

/** The same for what is no branch's: nothing is shared between keys. */
export function repositoryId({ repository, key }: Omit<Branch, "branch">): string {
  return JSON.stringify([repository, key?.id]);
}
