import type { Commit, Git, Identity, Newest } from "../ports.ts";
import type { ReadBranches } from "../targets/read-branches.ts";
import { isOperatorCommit } from "./commit-message.ts";
import { wantedCommit } from "./wanted-commit.ts";

interface CommitPorts {
  readonly git: Git;
  /** The operator as author, to know its own commits. */
  readonly identity: Identity;
}

/** The commit whose image is to be deployed, of a listing not older than `notBefore`. */
export async function findWanted(branches: ReadBranches, notBefore: number, ports: CommitPorts): Promise<Newest> {
  return findWantedFrom(await ports.git.newestCommit(branches.app, notBefore), branches, notBefore, ports);
}

/** The same where the branch's tip is known. */
export async function findWantedFrom(tip: Newest, branches: ReadBranches, notBefore: number, ports: CommitPorts): Promise<Newest> {
  const { branch, commit } = tip;
  const isOurs = (one: Commit) => isOperatorCommit(one, ports.identity);
  const isOwn = isOurs(commit) && (await isInManifests(commit, branches, notBefore, ports.git));
  const wanted = wantedCommit([{ commit, isOwn }]);
  if (wanted) return { branch, commit: wanted };
  return ports.git.commitBehind({ ...branches.app, branch }, commit.sha, notBefore, isOurs);
}

/** Asked of the commit itself, for the same repository can have several addresses. */
async function isInManifests({ sha }: Commit, { manifests }: ReadBranches, notBefore: number, git: Git): Promise<boolean> {
  return git.withManifests(await git.manifestsBranch(manifests, notBefore), async (copy) => {
    await copy.refresh(notBefore);
    return copy.holds(sha);
  });
}
