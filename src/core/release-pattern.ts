/** Which git tags count as releases: those that a glob matches and that are semantic versions (semver.org). */

import semver, { type SemVer } from "semver";
import { matchesGlob } from "../text/matches-glob.ts";
import type { ReleasePattern } from "./app-history.ts";

type ParsedPattern =
  | { readonly kind: "ok"; readonly pattern: ReleasePattern<SemVer> }
  | { readonly kind: "error"; readonly problem: string };

/** The longest tag that an image may have; what is longer is no release. Matching costs the product of both lengths at worst. */
const MOST_CHARACTERS = 128;
/** All that a version is written with, and the two wildcards. */
const USABLE = /^[0-9A-Za-z.+\-*?]+$/;

/**
 * `*` stands for any characters, `?` for one. A version may have a `v` in front. Pre-releases (`1.0.0-rc.1`) count only where the glob has
 * a `-`, so that `v*` means what is released.
 */
export function parseReleasePattern(glob: string): ParsedPattern {
  if (glob.length > MOST_CHARACTERS) return error(`is longer than ${MOST_CHARACTERS} characters; write a shorter glob, for example v*`);
  if (!USABLE.test(glob))
    return error("is no glob on versions: letters, digits and . + - with * and ? as wildcards; write one, for example v*");
  const takesPrereleases = glob.includes("-");
  return {
    kind: "ok",
    pattern: {
      glob,
      prefix: glob.split(/[*?]/, 1)[0] ?? "",
      versionOf(name) {
        if (name.length > MOST_CHARACTERS || !matchesGlob(glob, name)) return undefined;
        const version = semver.parse(name);
        return version && (takesPrereleases || version.prerelease.length === 0) ? version : undefined;
      },
      compare: semver.compareBuild,
    },
  };
}

function error(problem: string): ParsedPattern {
  return { kind: "error", problem };
}
