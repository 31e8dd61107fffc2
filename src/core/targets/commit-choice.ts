/** Which commit is wanted, and the tag of its image: what the annotations say of both. */

import type { AnnotationValues } from "../annotation-names.ts";
import { mostLookBack, usualLookBack } from "../annotations.ts";
import { parseReleasePattern } from "../release-pattern.ts";
import { isOfBranch, isOfRelease, parseTagFormat, type TagFormat, tagProblem } from "../tag-format.ts";
import type { Target } from "../types.ts";
import { parseAppPaths } from "./app-paths.ts";
import { branchProblem } from "./branch.ts";
import type { Complain } from "./target.ts";

type CommitChoice = Pick<Target, "tagFormat" | "lookBack" | "appPaths" | "releaseTags">;

/** Undefined: a value is malformed, which was told. `lookBack`: where the annotation does not say it. */
export function readCommitChoice(values: AnnotationValues, lookBack: number, complain: Complain): CommitChoice | undefined {
  const { release_tags: releaseTags, look_back: lookBackText, app_paths: pathsText } = values;
  const isLookBack = lookBackText === undefined || (/^\d{1,3}$/.test(lookBackText) && Number(lookBackText) <= mostLookBack);
  if (!isLookBack) complain("look_back", `is no whole number from 0 to ${mostLookBack}; write one, for example '${usualLookBack}'`);
  const paths = pathsText === undefined ? undefined : parseAppPaths(pathsText);
  if (paths?.kind === "error") complain("app_paths", paths.problem);
  const glob = releaseTags === undefined ? undefined : releaseTagsProblem(releaseTags);
  if (glob !== undefined) complain("release_tags", glob);
  const tagFormat = readTagFormat(values, complain);
  if (!isLookBack || paths?.kind === "error" || glob !== undefined || !tagFormat) return undefined;
  return { tagFormat, lookBack: lookBackText === undefined ? lookBack : Number(lookBackText), appPaths: paths?.paths, releaseTags };
}

/** One that no git tag could match, or none that is a version, is a mistake: no commit would ever be wanted. */
function releaseTagsProblem(glob: string): string | undefined {
  const parsed = parseReleasePattern(glob);
  if (parsed.kind === "error") return parsed.problem;
  if (branchProblem(glob.replace(/[*?]/g, "x")) !== undefined) return "is no name that git would give a tag; write a glob, for example v*";
  if (!/^[v*?]?[\d*?]/.test(glob))
    return "matches no version, which begins with a digit, or with v and a digit; write a glob, for example v*";
  return undefined;
}

function readTagFormat(
  { tag_format: text, tag_type, release_tags, observe_branch }: AnnotationValues,
  complain: Complain,
): TagFormat | undefined {
  if (text === undefined) {
    if (tag_type === "short") return [{ sha: 7 }];
    return release_tags !== undefined && tag_type === undefined ? [{ of: "tag" }] : [{ sha: 40 }];
  }
  const parsed = parseTagFormat(text);
  const problem =
    parsed.kind === "error"
      ? parsed.problem
      : (misplacedPart(parsed.format, release_tags) ?? branchTagProblem(parsed.format, observe_branch));
  if (problem !== undefined) complain("tag_format", problem);
  return parsed.kind === "error" || problem !== undefined ? undefined : parsed.format;
}

function misplacedPart(format: TagFormat, releaseTags: string | undefined): string | undefined {
  const wrong = format.find((part) => (releaseTags === undefined ? isOfRelease(part) : isOfBranch(part)));
  if (wrong === undefined || !("of" in wrong)) return undefined;
  return releaseTags === undefined
    ? `holds {{${wrong.of}}}, which needs a git tag; set release_tags too, for example to v*, or use {{sha}} instead`
    : "holds {{branch}}, but release_tags takes commits of any branch; use {{tag}} instead, or leave out release_tags";
}

/** Where the branch is known before it is asked for. */
function branchTagProblem(format: TagFormat, branch: string | undefined): string | undefined {
  return branch !== undefined && format.some(isOfBranch) ? tagProblem(format, { sha: "0".repeat(40), branch }) : undefined;
}
