/** The releases of a listing, picked out line by line: of whatever else a remote lists nothing is kept. */
import type { Release, ReleasePattern } from "../../../core/ports.ts";
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

interface Found<Version> extends Release {
  readonly version: Version;
}

export function createTagPicker<Version extends object>(pattern: ReleasePattern<Version>): TagPicker {
  const found: Found<Version>[] = [];

  /** Equal versions (`v1.0.0`, `1.0.0`) are in a fixed order, whatever order the remote lists them in. */
  function isAbove(a: Omit<Found<Version>, "sha">, b: Found<Version>): boolean {
    return (pattern.compare(a.version, b.version) || (a.name < b.name ? 1 : -1)) > 0;
  }

  /** Where it stands, or belongs. */
  function placeOf(tag: Omit<Found<Version>, "sha">): number {
    let [low, high] = [0, found.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = found[middle] as Found<Version>;
      if (there.name === tag.name) return middle;
      if (isAbove(tag, there)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  function look(line: string): void {
    if (!/^[0-9a-f]{40} /.test(line) || !line.startsWith(TAGS + pattern.prefix, 41)) return;
    const end = line.indexOf(" ", 41);
    const written = line.slice(41 + TAGS.length, end < 0 ? undefined : end);
    const isPeeled = written.endsWith(PEELED);
    const name = isPeeled ? written.slice(0, -PEELED.length) : written;
    const version = pattern.versionOf(name);
    if (!version) return;
    const place = placeOf({ name, version });
    const isThere = found[place]?.name === name;
    const sha = ownText(/ peeled:([0-9a-f]{40})/.exec(line)?.[1] ?? line.slice(0, 40));
    if (isPeeled && isThere) found[place] = { name: ownText(name), version, sha };
    else if (!isPeeled && !isThere) {
      found.splice(place, 0, { name: ownText(name), version, sha });
      found.length = Math.min(found.length, MOST_RELEASES);
    }
  }

  return {
    look,
    get releases() {
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
