/** Which commits the annotations of a Deployment choose, and the tags of their images, in words. */
import { isOfBranch, isOfRelease, renderTag, type TagFormat, type TagPart, tagProblem } from "../core/tag-format.ts";
import { pausedOutcome } from "../core/targets/pause.ts";
import type { Target } from "../core/types.ts";
import type { IsSet, Row } from "./describe-target.ts";

export const exampleSha = "0123456789abcdef0123456789abcdef01234567";

export function describeCommits(target: Target, isSet: IsSet): Row[] {
  const { releaseTags, appPaths, tagFormat, appBranch } = target;
  const withReleases = releaseTags === undefined ? "" : " with release_tags";
  const origin = isSet("tag_format") || isSet("tag_type") ? "" : ` (default${withReleases})`;
  return [
    ...(releaseTags === undefined ? [] : [["releases", `the highest version among the git tags ${releaseTags}`] as const]),
    ...(appPaths === undefined || releaseTags !== undefined ? [] : [["paths", describePaths(appPaths)] as const]),
    ["tag", describeTag(tagFormat, appBranch) + origin],
    ["look back", lookBackOf(target) + (isSet("look_back") ? "" : " (default: LOOK_BACK)")],
  ];
}

/** `now`: in ms, of the wall clock. */
export function describePause(target: Target, now: number): Row[] {
  const { pausedUntil, pausedReason } = target;
  if (pausedUntil === undefined) return [];
  const until = `until ${pausedUntil}${pausedReason === undefined ? "" : `: ${pausedReason}`}`;
  return [["paused", pausedOutcome(target, now) ? `${until}; then it would be:` : `no more: it was ${until}`]];
}

function describeTag(format: TagFormat, branch = "master"): string {
  const [only] = format;
  if (format.length === 1 && only && "sha" in only) return `the commit's SHA, ${only.sha} characters`;
  const words = format.map(partInWords).join(" + ");
  const facts = { sha: exampleSha, branch };
  // A branch of which no tag can be made is a failure of the run, unless the annotations name it.
  if (format.some(isOfRelease) || tagProblem(format, facts) !== undefined) return words;
  const example = renderTag(format, facts);
  return `${words}, for example ${example}${format.some(isOfBranch) ? ` on branch '${branch}'` : ""}`;
}

function partInWords(part: TagPart): string {
  if ("text" in part) return `'${part.text}'`;
  if ("sha" in part) return `the commit's SHA (${part.sha} characters)`;
  return { branch: "the branch", tag: "the git tag", version: "the git tag without a leading 'v'" }[part.of];
}

function describePaths({ include, exclude }: NonNullable<Target["appPaths"]>): string {
  const counting = include.length === 0 ? "any file" : include.join(" or ");
  return `only commits that change ${counting}${exclude.length === 0 ? "" : `, but not ${exclude.join(" or ")}`}`;
}

function lookBackOf({ lookBack, options, releaseTags }: Target): string {
  const [one, newest] = releaseTags === undefined ? ["commit", "newest"] : ["version", "highest"];
  if (options.image_check === "off") return `none, as images are not checked: only the ${newest} ${one}`;
  if (lookBack === 0) return `none: only the ${newest} ${one}`;
  return `at most ${lookBack} ${lookBack === 1 ? one : `${one}s`}, while the ${newest} has no image`;
}
