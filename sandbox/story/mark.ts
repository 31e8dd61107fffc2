import { setTimeout as sleep } from "node:timers/promises";
import { LONG_MS, POLL_MS, type Scene, say, tell } from "./scene.ts";

/** What the developer sees on the commit, at the forge. */
export async function tellMark({ world: { ci }, deploy }: Scene, sha: string): Promise<void> {
  say("Argo CD or Flux would roll it out; here the Deployment's image is set by hand, and its Pods are ready at once");
  deploy(sha);
  const mark = () => ci.statuses("team/shop", sha).find(({ state }) => state === "success");
  const since = performance.now();
  while (!mark() && performance.now() - since < LONG_MS) await sleep(POLL_MS);
  const { state, context, description } = mark() ?? { state: "none", context: "", description: "was told in time" };
  tell("the commit", `has the mark ${state}: ${context}: ${description}`);
}
