import type { TestContext } from "node:test";
import { freePort } from "../../sandbox/free-port.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { OLD, type Stage, startStage } from "./stage.ts";

/** A stage after two passes in which something of everything happened: a patch that came second, a failure, a refused Secret, a chat message, a build. */
export async function startObservedStage(t: TestContext): Promise<Stage> {
  const stage = await startStage(t, { env: { HOOK_PORT: String(await freePort()) } });
  const image = (name: string) => `${stage.registry.host}/team/${name}`;
  const manifests = await stage.repository("team/manifests.git", {
    "shop/deployment.yaml": manifestOf("shop", `${image("shop")}:${OLD}`),
    "early/deployment.yaml": manifestOf("early", `${image("early")}:${OLD}`),
  });
  stage.secret("gitops-operator", "regcred", { ".dockerconfigjson": '{"auths":{}}' });
  stage.secret("gitops-operator", "github", { "github-token": "sandbox-token" });
  stage.secret("gitops-operator", "chat", { "webhook-url": stage.chat.url() });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  const early = await stage.repository("team/early.git", { "index.html": "1" });
  stage.registry.put("team/shop", (await app.tip()) ?? "");
  stage.ci.setRuns("team/early", (await early.tip()) ?? "", []);

  const annotations = { notifications_secret_name: "chat", github_token_secret_name: "github" };
  await stage.deploy({ name: "shop", annotations });
  await stage.deploy({ name: "early", annotations });
  await stage.deploy({ name: "asleep", annotations: { enabled: "false" } });
  await stage.deploy({ name: "greedy", annotations: { ssh_key_namespace: "kube-system" } });
  await stage.deploy({ name: "half", annotations: { ssh_key_name: null } });
  // Somebody else's commit arrives while ours is on its way.
  const ours = (await manifests.tip()) ?? "";
  const theirs = await manifests.commit({ theirs: "kept" });
  await manifests.forceBranch("master", ours);
  const once = `${stage.folder}/came-second`;
  const other = `env -u GIT_QUARANTINE_PATH git update-ref refs/heads/master ${theirs}`;
  await manifests.installHook("pre-receive", `[ -e ${once} ] || { touch ${once}; ${other}; }`);

  await stage.reconcile();
  await stage.reconcile();
  await stage.chat.received(1);
  return stage;
}
