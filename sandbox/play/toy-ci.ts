import { git } from "../git-process.ts";
import { APP, finishBuild, sendEvent } from "../story/scene.ts";
import type { World } from "../world.ts";
import type { Push } from "./watch-pushes.ts";

export const BUILD_SECONDS = 5;
/** In a commit's message: its build fails. */
export const BROKEN = "[broken]";

/** Builds an image of each push, as a forge's CI does, and has forge and registry tell the operator. Resolves when the build has begun. */
export function createToyCi(world: World, hookUrl: string, tell: (text: string) => void) {
  const forge = { ssh_url: world.gitHost.url(`${APP}.git`) };

  async function end(sha: string, message: string): Promise<void> {
    const shown = `${sha.slice(0, 7)} ${message.split("\n", 1)[0]}`;
    if (message.includes(BROKEN)) {
      world.ci.setRuns(APP, sha, [{ status: "completed", conclusion: "failure" }]);
      tell(`the build of ${shown} has failed`);
      await sendEvent(hookUrl, { action: "completed", workflow_run: { head_sha: sha }, repository: forge });
      return;
    }
    finishBuild(world, sha);
    tell(`the image of ${shown} is in the registry`);
    await sendEvent(hookUrl, { events: [{ action: "push", target: { repository: APP, tag: sha } }] });
  }

  return async ({ repository, branch, sha }: Push): Promise<void> => {
    const message = (await git(repository.directory, ["log", "-1", "--format=%B", sha])).toString();
    world.ci.setRuns(APP, sha, [{ status: "in_progress" }]);
    tell(`builds ${sha.slice(0, 7)} ${message.split("\n", 1)[0]}`);
    // The operator may be gone at the end of all.
    setTimeout(() => void end(sha, message).catch(() => {}), BUILD_SECONDS * 1_000).unref();
    await sendEvent(hookUrl, { ref: `refs/heads/${branch}`, after: sha, repository: forge });
  };
}
