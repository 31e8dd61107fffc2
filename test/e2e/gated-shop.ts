import type { TestContext } from "node:test";
import type { RegistryOptions } from "../../sandbox/registry.ts";
import { manifestOf, type WorldOptions } from "../../sandbox/world.ts";
import { OLD, startStage } from "./stage.ts";
import { createTestClock } from "./test-clock.ts";

interface GateOptions {
  readonly registry?: RegistryOptions;
  readonly startHost?: WorldOptions["startHost"];
  readonly env?: Record<string, string | undefined>;
  /** Null leaves the default Secret out. */
  readonly regcred?: string | null;
  readonly annotations?: Record<string, string | null>;
}

/** The shop, under the default IMAGE_CHECK, with a registry Secret, a GitHub token and a chat, on a clock that the test moves. */
export async function startShop(t: TestContext, { registry, startHost, env = {}, regcred, annotations = {} }: GateOptions = {}) {
  const clock = createTestClock();
  const stage = await startStage(t, {
    ...(registry ? { registry } : {}),
    ...(startHost ? { startHost } : {}),
    env: { IMAGE_CHECK: undefined, ...env },
    operator: { clock, answerDue: clock.answerDue },
  });
  const image = `${stage.registry.host}/team/shop`;
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `${image}:${OLD}`) });
  const app = await stage.repository("team/shop.git", { "index.html": "1" });
  const sha = (await app.tip()) ?? "";
  if (regcred !== null) stage.secret("gitops-operator", "regcred", { ".dockerconfigjson": regcred ?? '{"auths":{}}' });
  stage.secret("gitops-operator", "chat", { "webhook-url": stage.chat.url() });
  stage.secret("gitops-operator", "github", { "github-token": "ghp_canary0123456789canary0123456789ab" });
  const all = { notifications_secret_name: "chat", github_token_secret_name: "github", ...annotations };
  await stage.deploy({ name: "shop", annotations: all });
  return { stage, clock, image, manifests, app, sha, annotations: all };
}
