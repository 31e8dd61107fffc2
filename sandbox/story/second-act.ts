import type { ReconcileEntry } from "../../src/http/calls/reconcile-entry.ts";
import { finishBuild, MANIFEST, reconcile, type Scene, say, showLanded, tell } from "./scene.ts";

/** What goes wrong on other days, and what the operator then does. */
export async function tellSecondAct({ world, app, manifests, url }: Scene): Promise<void> {
  const commit = async (message: string) => {
    const sha = await app.commit({ [message]: "" }, { message });
    tell(sha.slice(0, 12), message);
    return sha;
  };
  const answer = async (expected: ReconcileEntry["action"]) => {
    const { action, message } = await reconcile(url, expected);
    tell(`=> ${action}`, message);
  };

  say("Second act: a commit that changes documentation alone");
  await commit("Explain the shop");
  tell("CI", "builds no image of it; once IMAGE_GRACE_SECONDS are over, which are 0 here, that is no alarm");
  await answer("up_to_date");

  say("A commit whose build fails");
  world.ci.setRuns("team/shop", await commit("Break the shop"), [{ status: "completed", conclusion: "failure" }]);
  await answer("failed");

  say("Somebody takes back the version that was pushed, by git revert in the manifests repository");
  const [ours] = await manifests.log();
  const before = await manifests.read(MANIFEST, `${ours?.sha}~1`);
  const revert = await manifests.commit({ [MANIFEST]: before }, { message: `Revert "${ours?.subject}"` });
  tell(revert.slice(0, 12), `Revert "${ours?.subject}"`);
  await answer("skipped");

  say("The next application commit that has an image ends it");
  finishBuild(world, await commit("Mend the shop"));
  await answer("patched");
  await showLanded(manifests, revert);
}
