/** The wait for a build at forges that are not GitHub, whose doubles are behind the operator's own environment. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startGitea } from "../../sandbox/forges/gitea.ts";
import { startGitlab } from "../../sandbox/forges/gitlab.ts";
import { eventually } from "../eventually.ts";
import { startShop } from "./gated-shop.ts";
import { notAsApp } from "./stage.ts";

const TOKEN = "canary0123456789canary0123456789";
const ANNOTATIONS = { github_token_secret_name: null, forge_token_secret_name: "forge-token" };

for (const [kind, start, running, failed] of [
  ["gitlab", startGitlab, "running", "failed"],
  ["gitea", startGitea, "pending", "failure"],
] as const) {
  // P4
  test(`${kind}: a build that runs is awaited and pushed once its image is there, and one that failed is told`, {
    skip: notAsApp("Apps are GitHub's, and the host is another forge here"),
  }, async (t) => {
    const api = await start({ token: TOKEN });
    t.after(() => api.close());
    const env = { FORGES: `127.0.0.1=${kind}@${new URL(api.url).origin}` };
    const { stage, clock, image, manifests, app, sha } = await startShop(t, { env, annotations: ANNOTATIONS });
    stage.secret("gitops-operator", "forge-token", { "forge-token": `${TOKEN}\n` });
    api.setBuilds("team/shop", sha, [{ state: running }]);
    const entry = await clock.answerInSleep(() => stage.reconcileOne("shop"));
    assert.deepEqual(
      [entry.action, entry.message],
      ["waiting", `:hourglass: Build running for ${image} (SHA: ${sha}), retrying in 10s (attempt 1/5)`],
    );
    await clock.slept(1);
    api.setBuilds("team/shop", sha, [{ state: "success" }]);
    stage.registry.put("team/shop", sha);
    clock.advance(10_000);
    await eventually(async () => (await manifests.log()).length === 2);
    assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");

    const next = await app.commit({ "index.html": "2" });
    api.setBuilds("team/shop", next, [{ state: failed }]);
    assert.equal((await stage.reconcileOne("shop")).message, `:x: Build failed for ${image} (SHA: ${next}), image will not be available`);
    assert.equal(stage.ci.requests.length, 0);
  });
}

// S26
test("a token that is bound to other repositories is not sent: the result and /status say that the build was not asked for, until it is bound to these", {
  skip: notAsApp("Apps are GitHub's, and the host is another forge here"),
}, async (t) => {
  const api = await startGitlab({ token: TOKEN });
  t.after(() => api.close());
  const env = { FORGES: `127.0.0.1=gitlab@${new URL(api.url).origin}` };
  const { stage, sha } = await startShop(t, { env, annotations: ANNOTATIONS });
  api.setBuilds("team/shop", sha, [{ state: "failed" }]);
  const bind = (allowed: string) =>
    stage.cluster.put({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: "gitops-operator", name: "forge-token", annotations: { "gitops.operator.allowed_repositories": allowed } },
      data: { "forge-token": Buffer.from(TOKEN).toString("base64") },
    });
  bind("github.com/others/*");
  const { action, message } = await stage.reconcileOne("shop");
  assert.equal(action, "waiting");
  assert.match(
    message,
    /is not in the registry yet; its build was not asked for: Secret gitops-operator\/forge-token is not for 127\.0\.0\.1:\d+\/team\/shop: /,
  );
  assert.match(await stage.text("/status"), /warning: builds are not asked for: Secret gitops-operator\/forge-token is not for /);
  assert.equal(api.requests.length, 0);

  bind(`${stage.gitHost.host}:*/**`);
  assert.match((await stage.reconcileOne("shop")).message, /^:x: Build failed for /);
  assert.doesNotMatch(await stage.text("/status"), /builds are not asked for/);
});

// S26
test("the API's address is the environment's: on a host that it does not name the token is not even read, and /status names FORGES", {
  skip: notAsApp("Apps are GitHub's, and the host is another forge here"),
}, async (t) => {
  const api = await startGitlab({ token: TOKEN });
  t.after(() => api.close());
  const env = { FORGES: `git.example=gitlab@${new URL(api.url).origin}`, GITHUB_HOST: "github.example" };
  const { stage } = await startShop(t, { env, annotations: ANNOTATIONS });
  stage.secret("gitops-operator", "forge-token", { "forge-token": TOKEN });
  assert.match((await stage.reconcileOne("shop")).message, /is not in the registry yet$/);
  assert.match(
    await stage.text("/status"),
    /warning: gitops\.operator\.forge_token_secret_name has no effect: nobody has said which forge 127\.0\.0\.1 is; .* to FORGES/,
  );
  assert.equal(api.requests.length + stage.ci.requests.length, 0);
  assert.ok(!stage.cluster.requests.some(({ path }) => path.includes("secrets/forge-token")));
});
