/** What one commit of a manifests branch did to a Deployment's tag. */
import { cut } from "../../text/cut.ts";
import { unprintables } from "../../text/escape.ts";
import type { BranchCommit, HistoryEntry } from "../branch-history.ts";
import { ownMessageFacts } from "../commits/commit-message.ts";
import type { Written } from "../git-ports.ts";
import { isTag, splitImage } from "../image.ts";

const MOST_CHARACTERS = 120;
/** The last second that a Date can tell. */
const LAST_SECOND = 8_640_000_000_000;

/** A change that is told by the files alone. */
export function changeEntry(commit: BranchCommit, by: HistoryEntry["by"], from: string, to: string): HistoryEntry {
  return { ...begin(commit), from, to, by };
}

/** What a commit of the operator says of itself; undefined where it is no such commit's words. `isAlone`: it says so of nothing else. */
export function ownEntry(commit: BranchCommit, written: Written, isAlone: boolean): HistoryEntry | undefined {
  const { tag } = splitImage(written.image);
  if (tag === undefined || !isTag(tag) || !/^[0-9a-f]{40}$/.test(written.appCommit)) return undefined;
  // The words above the trailers are about one write.
  const { from, author, subject } = isAlone ? ownMessageFacts(commit.message, written) : {};
  return {
    ...begin(commit),
    ...(from !== undefined && isTag(from) && { from }),
    to: tag,
    appCommit: written.appCommit,
    ...(subject !== undefined && { appSubject: printable(subject) }),
    ...(author !== undefined && { appAuthor: printable(author) }),
    ...(written.cluster !== undefined && { cluster: printable(written.cluster) }),
    by: "operator",
  };
}

function begin({ sha, time }: BranchCommit) {
  return { at: new Date(Math.min(time, LAST_SECOND) * 1_000).toISOString(), commit: sha };
}

function printable(text: string): string {
  return cut(text.replace(unprintables, ""), MOST_CHARACTERS);
}
