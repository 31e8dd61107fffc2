import assert from "node:assert/strict";
import { freePort } from "../../sandbox/free-port.ts";
import { manifestOf, startWorld } from "../../sandbox/world.ts";
import { skipWithoutDockerRegistry, startDockerRegistry } from "../docker-registry.ts";
import { eventually } from "../eventually.ts";
import { startOperatorProcess } from "./operator-process.ts";
import { programTest } from "./program-test.ts";
import { OLD } from "./stage.ts";

const SECRET = "hook-secret-of-the-registry-0123";

// F51
programTest(
  "docker-registry tells of a push by its own notifications: the run that waits for the build is woken, and pushes",
  async (t) => {
    const hookPort = await freePort();
    const world = await startWorld();
    t.after(() => world.close());
    const authorization = `Bearer ${SECRET}`;
    const registry = await startDockerRegistry({ url: `http://127.0.0.1:${hookPort}/hook/gitops-operator/hook`, authorization });
    t.after(() => registry.close());
    const image = `${registry.host}/team/shop`;
    const manifests = await world.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `${image}:${OLD}`) });
    const app = await world.repository("team/shop.git", { "index.html": "1" });
    const sha = (await app.tip()) ?? "";
    const auth = Buffer.from(`${registry.username}:${registry.password}`).toString("base64");
    world.secret("gitops-operator", "regcred", { ".dockerconfigjson": JSON.stringify({ auths: { [registry.host]: { auth } } }) });
    world.secret("gitops-operator", "github", { "github-token": "ghp_canary0123456789canary0123456789ab" });
    world.secret("gitops-operator", "hook", { "hook-secret": SECRET });
    world.ci.setRuns("team/shop", sha, [{ status: "in_progress" }]);
    world.deploy({ name: "shop", annotations: { image_name: image, github_token_secret_name: "github", hook_secret_name: "hook" } });
    const operator = await startOperatorProcess(t, process.env.OPERATOR_PROGRAM ?? "", {
      ...world.env,
      ...{ IMAGE_CHECK: "on", INSECURE_REGISTRIES: registry.host, HOOK_PORT: String(hookPort), RECONCILE_TIMEOUT_SECONDS: "2" },
      // By the clock alone it would be looked at again after an hour.
      ...{ IMAGE_WAIT_INITIAL_SECONDS: "3600", IMAGE_WAIT_MAX_SECONDS: "3600" },
    });
    const [entry] = (await (await fetch(`${operator.url}/reconcile`)).json()) as { action: string; message: string }[];
    assert.equal(entry?.action, "waiting", entry?.message);

    await registry.push("team/shop", sha);
    const pushedAt = performance.now();
    await eventually(async () => (await manifests.read("shop/deployment.yaml")).includes(`${image}:${sha}`));
    t.diagnostic(`from the registry's answer to the push in git: ${Math.round(performance.now() - pushedAt)} ms`);
    const metrics = await (await fetch(`${operator.url}/metrics`)).text();
    assert.match(metrics, /gitops_operator_hook_requests_total\{kind="image",result="accepted"\} 1\n/);
    assert.equal((await operator.stop()).code, 0);
  },
  { skip: skipWithoutDockerRegistry() },
);
