import { ReconcileError } from "../../errors.ts";
import type { Candidate, Release, ReleasePattern } from "../app-history.ts";
import { parseReleasePattern } from "../release-pattern.ts";
import { formatRepository } from "../repository.ts";
import { releaseIn, renderTag, tagProblem } from "../tag-format.ts";
import type { Target } from "../types.ts";
import { type CommitPorts, type CommitQuestion, type Listed, NOTHING_BEHIND } from "./candidate.ts";
import { commitWords, summaryOf } from "./commit-message.ts";

/** The commits that git tags name, the highest version first, wherever in git they lie. */
export async function listReleases(glob: string, { target, branches, notBefore }: CommitQuestion, { git }: CommitPorts): Promise<Listed> {
  const { app } = branches;
  const pattern = patternOf(glob);
  // No format for git tags has the branch in it.
  const factsOf = ({ name, sha }: Release) => ({ sha, branch: "", release: name });
  // `v1.0.0+build` is a version, but no image can have it as its tag.
  const canRun = (release: Release) => tagProblem(target.tagFormat, factsOf(release)) === undefined;
  const [highest, ...lower] = (await git.releases(app, pattern, notBefore)).filter(canRun);
  if (!highest) {
    throw new ReconcileError(
      "git_no_commit",
      `${formatRepository(app.repository)} has no tag that matches gitops.operator.release_tags '${glob}' and is a version; push one, or correct the pattern`,
    );
  }
  const tagOf = (release: Release) => renderTag(target.tagFormat, factsOf(release));
  const candidate = (release: Release): Candidate => ({
    sha: release.sha,
    tag: tagOf(release),
    commit: () => git.commit(app, release.sha),
  });
  const compare = createComparison(target, pattern);
  return {
    newestTag: tagOf(highest),
    async candidates() {
      const tip = candidate(highest);
      const commit = await tip.commit();
      return {
        origin: glob,
        tip: { ...tip, words: commitWords(commit, highest.name), summary: summaryOf(commit), release: highest.name },
        isPassed: (tags) => (compare(tags)?.(highest) ?? 0) < 0,
        async behind(tags) {
          const toThere = compare(tags);
          if (target.lookBack === 0 || !toThere) return NOTHING_BEHIND;
          const higher = lower.filter((release) => toThere(release) > 0);
          const next = lower[higher.length];
          const stands = next && tags.every((tag) => tag === tagOf(next)) && higher.length < target.lookBack;
          return { newer: higher.slice(0, target.lookBack).map(candidate), standsAt: stands ? tagOf(next) : undefined };
        },
      };
    },
  };
}

function patternOf(glob: string) {
  const parsed = parseReleasePattern(glob);
  if (parsed.kind === "ok") return parsed.pattern;
  throw new ReconcileError("annotation_invalid", `gitops.operator.release_tags ${parsed.problem}`);
}

/**
 * Of releases with the highest version that stands in a file, above 0: it is lower than the release. Undefined: no version there is known.
 * A file may hold thousands of tags, and there are a thousand releases, so each is read once.
 */
function createComparison<Version extends object>({ tagFormat }: Target, { versionOf, compare }: ReleasePattern<Version>) {
  const versionIn = (tag: string) => {
    const name = releaseIn(tagFormat, tag);
    return name === undefined ? undefined : (versionOf(name) ?? versionOf(`v${name}`));
  };
  return (tags: readonly string[]): ((release: Release) => number) | undefined => {
    let there: Version | undefined;
    for (const version of tags.map(versionIn)) if (version && (!there || compare(version, there) > 0)) there = version;
    if (!there) return undefined;
    const highest = there;
    return ({ name }) => {
      const version = versionOf(name);
      return version ? compare(version, highest) : 1;
    };
  };
}
