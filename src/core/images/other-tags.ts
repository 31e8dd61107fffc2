import type { TipCandidate } from "../app-history.ts";
import { parseTagFormat, renderTag, tagProblem } from "../tag-format.ts";

/** As CI systems are set up to name images after commits. */
const FORMATS = [
  ...["{{sha7}}", "{{sha8}}", "{{sha9}}", "{{sha10}}", "{{sha12}}", "{{sha}}"],
  ...["sha-{{sha7}}", "sha-{{sha}}", "{{branch}}-{{sha7}}", "{{branch}}-{{sha}}"],
];

/** The same of a commit that a git tag chose. */
const RELEASE_FORMATS = ["{{tag}}", "{{version}}", "v{{version}}"];

/** Other tags than its own under which a commit's image may be found, and the formats that they have. */
export function otherTags({ sha, tag: own, release }: TipCandidate, branch: string): { readonly format: string; readonly tag: string }[] {
  return (release === undefined ? FORMATS : RELEASE_FORMATS).flatMap((format) => {
    const parsed = parseTagFormat(format);
    const facts = { sha, branch, ...(release !== undefined && { release }) };
    if (parsed.kind === "error" || tagProblem(parsed.format, facts) !== undefined) return [];
    const tag = renderTag(parsed.format, facts);
    return tag === own ? [] : [{ format, tag }];
  });
}
