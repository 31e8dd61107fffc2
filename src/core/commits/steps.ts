import { ReconcileError } from "../../errors.ts";
import type { Commit, Line, PathPrint } from "../app-history.ts";
import type { Git } from "../git-ports.ts";
import type { ReadBranches } from "../targets/read-branches.ts";
import type { AppPaths } from "../types.ts";
import { createPathPrinter, isChanged, missingPath } from "./app-paths.ts";
import type { CommitPorts, CommitQuestion } from "./candidate.ts";
import { isOperatorCommit } from "./commit-message.ts";

interface Step {
  readonly commit: Commit;
  readonly counts: boolean;
}

/** How many commits are looked at together, so that each lot and the parent of its last one are what one step of the history brings. */
const LOT_ENDS = [9, 49, 249, 999];

/** The commits of the line from its tip on, each with whether it counts: not the operator's own, and a change of the paths that are named. */
export function createSteps(line: Line, { target, branches, notBefore }: CommitQuestion, { git, identity }: CommitPorts) {
  let isInOneBranch: Promise<boolean> | undefined;
  /** Whether the operator made it. Where application and manifests are one branch, its own commits would else start a push each, without end. */
  const isOwn = async (commit: Commit) => {
    if (!isOperatorCommit(commit, identity)) return false;
    isInOneBranch ??= isInManifests(commit, branches, notBefore, git);
    return isInOneBranch;
  };
  const { appPaths } = target;
  const changes = appPaths ? () => changesOf(line, appPaths, branches, git) : () => all(line);
  return async function* steps(): AsyncGenerator<Step> {
    for await (const { commit, counts } of changes()) yield { commit, counts: counts && !(await isOwn(commit)) };
  };
}

async function* all(line: Line): AsyncGenerator<Step> {
  let commit: Commit | undefined = line.tip;
  for (let index = 1; commit; index++) {
    yield { commit, counts: true };
    commit = await line.at(index);
  }
}

async function* changesOf(line: Line, paths: AppPaths, { app }: ReadBranches, git: Git): AsyncGenerator<Step> {
  const printer = createPathPrinter(paths);
  const seen = new Map<string, PathPrint>();
  let start = 0;
  for (const end of LOT_ENDS) {
    const lot: Commit[] = [];
    for (let index = start; index <= end; index++) {
      const commit = await line.at(index);
      if (commit) lot.push(commit);
      else break;
    }
    const prints = await git.prints(app, [...new Set(lot.map(({ tree }) => tree))], printer);
    for (const [tree, print] of prints) seen.set(tree, print);
    const missing = missingPath(paths, seen.values());
    if (missing !== undefined) {
      const many = start + lot.length;
      throw new ReconcileError(
        "annotation_invalid",
        `gitops.operator.app_paths names '${missing}', which ${many === 1 ? "the only commit" : `none of the last ${many} commits`} of '${line.branch}' has; correct the path`,
      );
    }
    for (const [index, commit] of lot.entries()) {
      const [print, parent] = [prints.get(commit.tree), lot[index + 1]];
      // What the last one changed is told with the lot that follows; where none does, by nobody.
      if (!print || (!parent && commit.parents.length > 0)) break;
      yield { commit, counts: isChanged(print, parent && prints.get(parent.tree)) };
    }
    if (lot.length <= end - start) return;
    start = end;
  }
}

/** Asked of the commit itself, for the same repository can have several addresses. */
async function isInManifests({ sha }: Commit, { manifests }: ReadBranches, notBefore: number, git: Git): Promise<boolean> {
  return git.withManifests(await git.manifestsBranch(manifests, notBefore), async (copy) => {
    await copy.refresh(notBefore);
    return copy.holds(sha);
  });
}
