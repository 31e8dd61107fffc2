import { ReconcileError } from "../../errors.ts";
import type { Commit, Git, Identity, Line } from "../ports.ts";
import { formatRepository } from "../repository.ts";
import type { ReadBranches } from "../targets/read-branches.ts";
import { isOperatorCommit } from "./commit-message.ts";

interface CommitPorts {
  readonly git: Git;
  /** The operator as author, to know its own commits. */
  readonly identity: Identity;
}

/** The commit whose image is to be deployed: where the manifests branch holds the operator's commits too, the newest that is not one of them. */
export async function findWanted(line: Line, branches: ReadBranches, notBefore: number, ports: CommitPorts): Promise<Commit> {
  let index = 0;
  let commit: Commit | undefined = line.tip;
  const isOurs = (one: Commit) => isOperatorCommit(one, ports.identity);
  if (!isOurs(commit) || !(await isInManifests(commit, branches, notBefore, ports.git))) return commit;
  while (commit && isOurs(commit)) commit = await line.at(++index);
  if (commit) return commit;
  throw new ReconcileError(
    "git_no_commit",
    `no commit but the operator's own in the last ${index} of ${formatRepository(branches.app.repository)}, branch '${line.branch}'; push a commit to the application`,
  );
}

/** Asked of the commit itself, for the same repository can have several addresses. */
async function isInManifests({ sha }: Commit, { manifests }: ReadBranches, notBefore: number, git: Git): Promise<boolean> {
  return git.withManifests(await git.manifestsBranch(manifests, notBefore), async (copy) => {
    await copy.refresh(notBefore);
    return copy.holds(sha);
  });
}
