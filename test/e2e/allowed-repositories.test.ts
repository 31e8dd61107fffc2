import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { startShop } from "./gated-shop.ts";
import { OLD, type Stage, sshAlone, startStage } from "./stage.ts";

const annotation = "gitops.operator.allowed_repositories";

async function startRepositories(stage: Stage) {
  const manifests = await stage.repository("team/manifests.git", {
    "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`),
    "spy/deployment.yaml": manifestOf("spy", `team/secret-service:${OLD}`),
  });
  await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.repository("tenant/spy.git", { "index.html": "of the tenant" });
  return manifests;
}

/** The key's Secret with a list of repositories; the text of the annotation. */
function bind(stage: Stage, text: string): void {
  stage.secret("gitops-operator", "ssh-key", { "ssh-privatekey": stage.key.privateKey }, text);
}

const hostOf = (stage: Stage) => `${stage.gitHost.host}:${stage.gitHost.port}`;
const secretsRead = (stage: Stage) => stage.cluster.requests.filter(({ path }) => path.includes("/secrets/")).length;

// S2
test("one key bound to a team: its Deployment is served, another tenant's opens no connection with it", async (t) => {
  const stage = await startStage(t);
  const manifests = await startRepositories(stage);
  bind(stage, `${hostOf(stage)}/team/*`);
  await stage.deploy({ namespace: "tenant", name: "spy", annotations: { app_repository: stage.gitHost.url("tenant/spy.git") } });
  const spy = await stage.reconcileOne("spy", "tenant");
  assert.equal(spy.action, "failed");
  assert.match(
    spy.message,
    /^Failed to get SSH key: Secret gitops-operator\/ssh-key is not for 127\.0\.0\.1:\d+\/tenant\/spy: .*allowed_repositories$/,
  );
  assert.doesNotMatch(spy.message, /team/);
  assert.equal(stage.gitHost.logins(), 0);
  assert.deepEqual(await stage.gitHost.execs(), []);

  await stage.deploy({ name: "shop" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const execs = (await stage.gitHost.execs()).length;
  assert.equal((await stage.reconcileOne("spy", "tenant")).action, "failed");
  assert.equal((await stage.gitHost.execs()).length, execs);
  assert.equal((await manifests.log()).length, 2);

  // A list that says nothing, and one with a typo, allow nothing; a corrected one counts at once.
  for (const text of ["", `${hostOf(stage)}/team/*, git@${hostOf(stage)}:tenant/spy`]) {
    bind(stage, text);
    for (const [namespace, name] of [
      ["tenant", "spy"],
      ["default", "shop"],
    ] as const) {
      const entry = await stage.reconcileOne(name, namespace);
      assert.equal(entry.action, "failed");
      assert.match(
        entry.message,
        /Secret gitops-operator\/ssh-key: its annotation gitops\.operator\.allowed_repositories (is empty|has an item)/,
      );
    }
  }
  assert.equal((await stage.gitHost.execs()).length, execs);
  bind(stage, `${hostOf(stage)}/**`);
  assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
});

test("each of two keys is held against the repository that it is used for", async (t) => {
  const stage = await startStage(t);
  await startRepositories(stage);
  bind(stage, `${hostOf(stage)}/team/manifests`);
  stage.secret("gitops-operator", "app-key", { "ssh-privatekey": stage.key.privateKey });
  await stage.deploy({ name: "shop", annotations: { ssh_key_name: "app-key", manifest_ssh_key_name: "ssh-key" } });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  await stage.deploy({ name: "shop", annotations: { ssh_key_name: "ssh-key", manifest_ssh_key_name: "app-key" } });
  assert.match((await stage.reconcileOne("shop")).message, /ssh-key is not for 127\.0\.0\.1:\d+\/team\/shop: /);
});

// S2
test("ALLOWED_REPOSITORIES: what it does not name is refused before a Secret is read or a connection opened", async (t) => {
  // The host's port is known only later, so any.
  const stage = await startStage(t, { env: { ALLOWED_REPOSITORIES: "127.0.0.1:*/team/*" } });
  await startRepositories(stage);
  const app_repository = stage.gitHost.url("tenant/spy.git");
  await stage.deploy({ name: "spy", annotations: { app_repository } });
  await stage.deploy({
    name: "writer",
    annotations: { app_repository: stage.gitHost.url("team/shop.git"), manifest_repository: app_repository },
  });
  await stage.deploy({ name: "web", annotations: { app_repository: "https://example.com/team/shop.git" } });
  for (const [name, named] of [
    ["spy", /^Repository 127\.0\.0\.1:\d+\/tenant\/spy is not allowed: .*app_repository.*ALLOWED_REPOSITORIES$/],
    ["writer", /^Repository .*\/tenant\/spy is not allowed: .*manifest_repository/],
    ["web", /^Repository example\.com\/team\/shop is not allowed/],
  ] as const) {
    const entry = await stage.reconcileOne(name);
    assert.equal(entry.action, "failed");
    assert.match(entry.message, named);
  }
  assert.equal(secretsRead(stage), 0);
  assert.equal(stage.gitHost.logins(), 0);
  await stage.deploy({ name: "shop" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.ok(secretsRead(stage) > 0);
});

// S2
test("a tenant with a worthless key names another's repositories: no content, no image names, no push", async (t) => {
  const stage = await startStage(t);
  const manifests = await startRepositories(stage);
  const worthless = await stage.gitHost.newKey({ read: ["tenant/spy.git"] });
  stage.secret("tenant", "key", { "ssh-privatekey": worthless.privateKey });
  await stage.deploy({ name: "shop" });
  const key = { ssh_key_name: "key", ssh_key_namespace: "tenant", image_name: "guess/me", deployment_path: "spy/deployment.yaml" };
  await stage.deploy({ namespace: "tenant", name: "reader", annotations: { ...key, app_repository: stage.gitHost.url("tenant/spy.git") } });
  await stage.deploy({ namespace: "tenant", name: "lister", annotations: { ...key, app_repository: stage.gitHost.url("team/shop.git") } });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const tip = (await manifests.tip()) ?? "";
  const appSha = (await stage.reconcileOne("shop")).to_sha ?? "";
  const entries = await stage.reconcile("?namespace=tenant");
  assert.deepEqual(
    entries.map(({ action }) => action),
    ["failed", "failed"],
  );
  const told = JSON.stringify(entries);
  for (const hidden of ["secret-service", "references image", "Initial commit", tip, appSha]) assert.ok(!told.includes(hidden), hidden);
  assert.equal((await manifests.log()).length, 2);
});

// S2
test("/status names a key that Deployments of two namespaces share and that nothing binds, until it is bound", {
  skip: sshAlone("a token or an App that is bound to nothing is refused, as test/e2e/https.test.ts shows"),
}, async (t) => {
  const stage = await startStage(t);
  await startRepositories(stage);
  await stage.deploy({ name: "shop" });
  await stage.reconcile();
  assert.doesNotMatch(await stage.text("/status"), /Notes:/);
  await stage.deploy({ namespace: "tenant", name: "shop" });
  assert.match(
    await stage.text("/status"),
    /\nNotes:\n {2}Secret gitops-operator\/ssh-key is named by Deployments of 2 namespaces .*allowed_repositories\n$/,
  );
  const page = await (await fetch(`${stage.url}/status`, { headers: { accept: "text/html" } })).text();
  assert.match(page, /Secret gitops-operator\/ssh-key is named by Deployments of 2 namespaces/);
  bind(stage, `${hostOf(stage)}/team/*`);
  await stage.reconcile();
  assert.doesNotMatch(await stage.text("/status"), /Notes:/);
});

test("RECONCILE_TOKEN is kept out of what is shown, wherever a Deployment's owner puts it", async (t) => {
  const token = "canary-token-canary-token-7f3a";
  const stage = await startStage(t, { env: { RECONCILE_TOKEN: token, RECONCILE_INTERVAL_SECONDS: "3600" } });
  await startRepositories(stage);
  await stage.deploy({ name: "shop", annotations: { deployment_path: `x/${token}.yaml` } });
  assert.equal((await fetch(`${stage.url}/reconcile`)).status, 401);
  const answer = await fetch(`${stage.url}/reconcile`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200);
  const shown = (await answer.text()) + (await stage.text("/status")) + (await stage.text("/debug"));
  assert.match(shown, /\[redacted: RECONCILE_TOKEN\]/);
  assert.ok(!shown.includes(token));
});

// S2
test("a registry login that is bound to others' repositories is not used: named it is a failure, unnamed as good as not there", async (t) => {
  const { stage, annotations } = await startShop(t, { annotations: { registry_secret_name: "regcred" } });
  stage.cluster.put({
    kind: "Secret",
    metadata: { namespace: "gitops-operator", name: "regcred", annotations: { [annotation]: "github.com/others/*" } },
    type: "Opaque",
    data: { ".dockerconfigjson": Buffer.from('{"auths":{}}').toString("base64") },
  });
  const named = await stage.reconcileOne("shop");
  assert.equal(named.action, "failed");
  assert.match(named.message, /Secret gitops-operator\/regcred is not for 127\.0\.0\.1:\d+\/team\/shop: use another Secret/);
  assert.equal(stage.registry.requests.length, 0);
  await stage.deploy({ name: "shop", annotations: { ...annotations, registry_secret_name: null } });
  await stage.reconcileOne("shop");
  assert.ok(stage.registry.requests.length > 0, "it is asked without a login");
});
