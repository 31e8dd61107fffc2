import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { APP, type Scene, say, tell } from "../story/scene.ts";
import { stepsOf, textOf } from "./printed-lines.ts";
import { createToyCd } from "./toy-cd.ts";
import { createToyCi } from "./toy-ci.ts";
import { type Push, watchPushes } from "./watch-pushes.ts";

const CHAT_LOOK_MS = 100;
const POD_START_MS = 1_500;

/** After the story: whoever pushes is played with. CI builds, a toy CD applies, the cluster rolls out, and what happens is told. Returns the end of it. */
export async function playOn({ world, app, manifests, url, hookUrl }: Scene): Promise<() => void> {
  const { cluster, registry, gitHost, chat, env } = world;
  const folder = join(world.folder, "player");
  await mkdir(folder);
  const key = await gitHost.newKey();
  await writeFile(join(folder, "key"), key.privateKey, { mode: 0o600 });

  const canPull = (image: string) => {
    const [, repository = "", tag = ""] = /^[^/]+\/(.+):([^:/@]+)$/.exec(image.split("@", 1)[0] ?? "") ?? [];
    return registry.has(repository, tag);
  };
  cluster.playRollouts({ podStartMs: POD_START_MS, canPull });
  const apply = createToyCd(manifests, cluster, (text) => tell("CD", text));
  const build = createToyCi(world, hookUrl, (text) => tell("CI", text));
  await apply((await manifests.tip()) ?? "");
  const onPush = async (push: Push) => {
    if (push.repository === app) await build(push);
    // The newest: of two pushes the second may be told of first.
    else await apply((await manifests.tip()) ?? push.sha);
  };
  const endWatch = await watchPushes([app, manifests], world.folder, onPush, (problem) => tell("problem", problem));

  say(`Play with it: every push to ${APP}.git gets its image, and what git says is what runs`);
  const places = { folder, operator: url, application: gitHost.url(`${APP}.git`), manifests: gitHost.url("team/manifests.git") };
  console.log(textOf(stepsOf({ ...places, knownHosts: env.SSH_KNOWN_HOSTS ?? "", kubeconfig: env.KUBECONFIG ?? "" })));
  say("What happens");
  let toldMessages = chat.messages.length;
  const timer = setInterval(() => {
    for (const { text } of chat.messages.slice(toldMessages)) tell("chat", text);
    toldMessages = chat.messages.length;
  }, CHAT_LOOK_MS);
  return () => {
    clearInterval(timer);
    endWatch();
  };
}
