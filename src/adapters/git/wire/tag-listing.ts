/** The releases of a listing, picked out line by line: of whatever else a remote lists nothing is kept. */
import type { Release, ReleasePattern } from "../../../core/app-history.ts";
import { ownText } from "../../../text/own-text.ts";

/** More are never tried, and of a flood of tags the highest are kept. */
const MOST_RELEASES = 1_001;
export const TAGS = "refs/tags/";
/** Follows in protocol 0 on the line of an annotated tag: the object that it names. */
const PEELED = "^{}";

interface TagPicker {
  look(line: string): void;
  /** The highest first. */
  readonly releases: readonly Release[];
}

export function createTagPicker<Version extends object>(pattern: ReleasePattern<Version>): TagPicker {
  interface Found {
    readonly name: string;
    readonly version: Version;
    sha: string;
  }
  let found: Found[] = [];
  /** What is not above it is not among the highest. */
  let lowest: Found | undefined;
  let last: Found | undefined;

  /** Equal versions (`v1.0.0`, `1.0.0`) are in a fixed order, whatever order the remote lists them in. */
  function order(a: Omit<Found, "sha">, b: Omit<Found, "sha">): number {
    return pattern.compare(b.version, a.version) || (a.name < b.name ? -1 : Number(a.name > b.name));
  }

  /** A tag that is listed twice counts as it came first. */
  function sortAndCut(): void {
    found = found
      .sort(order)
      .filter(({ name }, i) => name !== found[i - 1]?.name)
      .slice(0, MOST_RELEASES);
    if (found.length === MOST_RELEASES) lowest = found.at(-1);
  }

  function look(line: string): void {
    if (!/^[0-9a-f]{40} /.test(line) || !line.startsWith(TAGS + pattern.prefix, 41)) return;
    const end = line.indexOf(" ", 41);
    const written = line.slice(41 + TAGS.length, end < 0 ? undefined : end);
    if (written.endsWith(PEELED)) {
      if (last?.name === written.slice(0, -PEELED.length)) last.sha = ownText(line.slice(0, 40));
      return;
    }
    last = undefined;
    const version = pattern.versionOf(written);
    if (!version || (lowest && order({ name: written, version }, lowest) >= 0)) return;
    const sha = ownText(/ peeled:([0-9a-f]{40})/.exec(line)?.[1] ?? line.slice(0, 40));
    last = { name: ownText(written), version, sha };
    found.push(last);
    // Not at each: a flood of them in rising order would cost several times as much.
    if (found.length === 2 * MOST_RELEASES) sortAndCut();
  }

  return {
    look,
    get releases() {
      sortAndCut();
      return found.map(({ name, sha }) => ({ name, sha }));
    },
  };
}

/** Finds what is to be asked for to get a commit where nothing is given out but what is listed: itself, or the annotated tag that names it. */
export function createWantFinder(sha: string): { look(line: string): void; readonly want: string } {
  let last = "";
  let tag: string | undefined;
  return {
    look(line) {
      if (line.startsWith(sha) && line.endsWith(PEELED)) tag ??= last;
      last = line.slice(0, 40);
      if (last === sha && !line.endsWith(PEELED)) tag = sha;
    },
    get want() {
      return ownText(tag ?? sha);
    },
  };
}
