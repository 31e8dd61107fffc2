import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { BareRepository } from "../../sandbox/bare-repository.ts";
import { git } from "../../sandbox/git-process.ts";
import { deployShop, OLD, type Stage, startStage } from "./stage.ts";

export const BRANCH = "gitops-operator/default/shop";
export const FILE = "shop/deployment.yaml";

/** Deployment `shop` whose commits are proposed, with a second file that nobody asks about. */
export async function startProposed(
  t: TestContext,
  annotations: Record<string, string> = {},
  options: Parameters<typeof startStage>[1] = {},
): Promise<{ readonly stage: Stage; readonly manifests: BareRepository; readonly app: BareRepository }> {
  const stage = await startStage(t, options);
  return { stage, ...(await deployShop(stage, { write_to: "proposal", ...annotations })) };
}

export function tagIn(text: string): string | undefined {
  return /image: [^:]+:(\S+)/.exec(text)?.[1];
}

/** One commit of the operator's on top of the base's history, with that tag; its id. */
export async function assertProposed(manifests: BareRepository, tag: string, branch = BRANCH): Promise<string> {
  const sha = (await manifests.tip(branch)) ?? "";
  assert.equal(tagIn(await manifests.read(FILE, branch)), tag);
  const beyond = (await git(manifests.directory, ["rev-list", `${manifests.branch}..${branch}`])).toString().trim().split("\n");
  assert.deepEqual(beyond, [sha], "one commit stands on the branch");
  assert.equal(tagIn(await manifests.read(FILE)), OLD, "the base is as it was");
  await manifests.fsck();
  return sha;
}

/** A person's commit on the branch, as one who has a clone of it makes it. */
export async function commitThere(manifests: BareRepository, branch: string, ...args: readonly string[]): Promise<string> {
  const folder = `${manifests.directory}-clone-${Math.random()}`;
  await git(manifests.directory, ["clone", "--quiet", "--branch", branch, manifests.directory, folder]);
  await git(folder, ["commit", "--quiet", "--allow-empty", ...args]);
  await git(folder, ["push", "--quiet", "--force", "origin", `HEAD:${branch}`]);
  return (await manifests.tip(branch)) ?? "";
}
