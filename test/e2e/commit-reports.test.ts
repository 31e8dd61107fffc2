/** What the application's commit says at its forge, from the push of the commit to its Pods. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startGitea } from "../../sandbox/forges/gitea.ts";
import { startGitlab } from "../../sandbox/forges/gitlab.ts";
import { eventually } from "../eventually.ts";
import { startShop } from "./gated-shop.ts";
import { notAsApp } from "./stage.ts";

const REPORT = { report: "status" };
const CONTEXT = "gitops-operator/prod/default/shop";
const ENV = { CLUSTER_NAME: "prod", PUBLIC_URL: "https://gitops.example.com/" };

type Shop = Awaited<ReturnType<typeof startShop>>;

async function startReported(t: TestContext, annotations: Record<string, string | null> = REPORT, env: Record<string, string> = {}) {
  const shop = await startShop(t, { env: { ...ENV, ...env }, annotations });
  shop.stage.ci.setRuns("team/shop", shop.sha, []);
  return shop;
}

/** Each status that a commit was given, in its order. */
function told({ stage }: Pick<Shop, "stage">, sha: string): string[] {
  return stage.ci.posts
    .filter(({ path }) => path === `/repos/team/shop/statuses/${sha}`)
    .map(({ body }) => `${body.state}: ${body.description}`);
}

/** The cluster rolls out what the manifests name. */
async function rollOut({ stage, image, annotations }: Shop, tag: string): Promise<void> {
  await stage.deploy({ name: "shop", image: `${image}:${tag}`, annotations });
}

test("a commit says that its image is awaited, that the manifests name it, and that it runs, without a pass; five passes add nothing", async (t) => {
  const shop = await startReported(t);
  const { stage, sha } = shop;
  assert.equal((await stage.reconcileOne("shop")).action, "waiting");
  await eventually(() => told(shop, sha).length === 1);
  stage.registry.put("team/shop", sha);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  await eventually(() => told(shop, sha).length === 2);
  const [commit] = await shop.manifests.log();
  const calls = (await stage.gitHost.execs()).length;
  await rollOut(shop, sha);
  await eventually(() => told(shop, sha).length === 3);
  assert.equal((await stage.gitHost.execs()).length, calls, "no pass was needed");
  const said = told(shop, sha);
  assert.deepEqual(said.slice(0, 2), [
    `pending: waiting for the image team/shop:${sha.slice(0, 7)}`,
    `pending: in manifests as ${commit?.sha.slice(0, 7)}, waiting for the rollout`,
  ]);
  assert.match(said[2] ?? "", /^success: runs in prod: 1 of 1 ready, \d+ s after the push$/);
  assert.deepEqual(
    [...new Set(stage.ci.posts.map(({ body }) => `${body.context} ${body.target_url}`))],
    [`${CONTEXT} https://gitops.example.com/status`],
  );
  for (let pass = 0; pass < 5; pass++) assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  // What they would have brought comes before this.
  const next = await shop.app.commit({ "index.html": "2" });
  assert.equal((await stage.reconcileOne("shop")).action, "waiting");
  await eventually(() => told(shop, next).length === 1);
  assert.equal(told(shop, sha).length, 3);
});

test("a failed build, a commit that came before its image, a disabled Deployment and a version that was taken back are told", async (t) => {
  const shop = await startReported(t);
  const { stage, sha, app, manifests } = shop;
  stage.ci.setRuns("team/shop", sha, [{ status: "completed", conclusion: "failure" }]);
  assert.equal((await stage.reconcileOne("shop")).action, "failed");
  await eventually(() => told(shop, sha).length === 1);
  assert.deepEqual(told(shop, sha), ["failure: not deployed: the build failed"]);

  const second = await app.commit({ "index.html": "2" });
  assert.equal((await stage.reconcileOne("shop")).action, "waiting");
  await eventually(() => told(shop, second).length === 1);
  const third = await app.commit({ "index.html": "3" });
  stage.registry.put("team/shop", third);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  await eventually(() => told(shop, second).length === 2 && told(shop, third).length === 1);
  assert.equal(told(shop, second)[1], `success: not deployed here: superseded by ${third.slice(0, 7)}`);

  const text = await manifests.read("shop/deployment.yaml");
  await manifests.commit({ "shop/deployment.yaml": text.replace(third, "0".repeat(40)) });
  assert.equal((await stage.reconcileOne("shop")).action, "skipped");
  await eventually(() => told(shop, third).length === 2);
  assert.equal(told(shop, third)[1], "success: not deployed here: held");

  const fourth = await app.commit({ "index.html": "4" });
  assert.equal((await stage.reconcileOne("shop")).action, "waiting");
  await eventually(() => told(shop, fourth).length === 1);
  await stage.deploy({ name: "shop", annotations: { ...shop.annotations, enabled: "false" } });
  await stage.reconcileOne("shop");
  await eventually(() => told(shop, fourth).length === 2);
  assert.equal(told(shop, fourth)[1], "success: not deployed here: disabled");
  assert.equal(told(shop, sha).length, 1);
});

// F53
test("a forge that is gone for an hour costs no result, and has the right word when it is back", {
  skip: notAsApp("its tokens come from the API that fails here; test/e2e/app-forge.test.ts has an App of its own"),
}, async (t) => {
  const shop = await startReported(t);
  const { stage, sha, clock } = shop;
  stage.registry.put("team/shop", sha);
  const back = stage.ci.answer({ status: 503 });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  await rollOut(shop, sha);
  const asked = () => stage.ci.requests.length;
  await eventually(() => asked() > 0);
  for (let minute = 0; minute < 60; minute++) {
    clock.advance(60_000);
    if (minute % 20 === 0) assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  }
  assert.deepEqual(stage.ci.posts, []);
  back();
  await eventually(async () => {
    clock.advance(60_000);
    return told(shop, sha).length > 0;
  });
  assert.match(told(shop, sha).join(), /^success: runs in prod: 1 of 1 ready, \d+ s after the push$/);
});

test("what the forge refuses is one warning in /status and one line of the log, and no pass fails", {
  skip: notAsApp("its tokens come from the API that fails here; test/e2e/app-forge.test.ts has an App of its own"),
}, async (t) => {
  const shop = await startReported(t);
  const { stage, sha } = shop;
  stage.registry.put("team/shop", sha);
  stage.ci.answer({ status: 403, body: '{"message":"Resource not accessible by personal access token"}' });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const warning = /warning: the application's commit is not told: GitHub does not let the token read the commit statuses of team\/shop/;
  await eventually(async () => warning.test(await stage.text("/status")));
  const asked = stage.ci.requests.length;
  for (let pass = 0; pass < 5; pass++) assert.equal((await stage.reconcileOne("shop")).action, "up_to_date");
  assert.equal(stage.ci.requests.length, asked);
  assert.equal(stage.logLines.filter(({ message }) => /^Nothing can be told on the application's commit/.test(message)).length, 1);
  assert.ok(!JSON.stringify(stage.logLines).includes("ghp_canary"));
});

// S28
test("a stranger's repository gets no word by a shared token: neither one that the key does not open, nor one that the token's Secret does not name", async (t) => {
  const shop = await startReported(t, { ...REPORT, github_token_secret_name: "github" });
  const { stage, app, annotations } = shop;
  stage.ci.setRuns("strangers/lib", (await app.tip()) ?? "", []);
  const stolen = { ...annotations, app_repository: stage.gitHost.url("strangers/lib.git") };
  await stage.deploy({ name: "shop", annotations: stolen });
  assert.equal((await stage.reconcileOne("shop")).action, "failed");

  const metadata = {
    namespace: "gitops-operator",
    name: "github",
    annotations: { "gitops.operator.allowed_repositories": "github.com/others/*" },
  };
  const data = { "github-token": Buffer.from("ghp_canary0123456789canary0123456789ab").toString("base64") };
  stage.cluster.put({ apiVersion: "v1", kind: "Secret", metadata, data });
  await stage.deploy({ name: "shop", annotations });
  await stage.reconcileOne("shop");
  await eventually(async () => /is not told: Secret gitops-operator\/github is not for /.test(await stage.text("/status")));
  // An App asks it for the tokens that open repositories.
  const asked = stage.ci.requests.filter(({ path }) => !path.endsWith("/access_tokens"));
  assert.deepEqual(asked, []);
});

test("at GitHub a commit can have a deployment beside its status, at GitLab it has a deployment, at Gitea a status; what a forge lacks is a warning", {
  skip: notAsApp("Apps are GitHub's, and the host is another forge here"),
}, async (t) => {
  const gitHub = await startReported(t, { report: "both", environment: "shop/live", environment_url: "https://shop.example.com" });
  gitHub.stage.registry.put("team/shop", gitHub.sha);
  await gitHub.stage.reconcileOne("shop");
  await rollOut(gitHub, gitHub.sha);
  await eventually(() => gitHub.stage.ci.deployments[0]?.statuses[0]?.state === "success" && told(gitHub, gitHub.sha).length > 0);
  const [deployment] = gitHub.stage.ci.deployments;
  assert.deepEqual([deployment?.environment, deployment?.sha], ["shop/live", gitHub.sha]);
  assert.match(deployment?.statuses[0]?.description ?? "", /^runs in prod: 1 of 1 ready/);

  for (const [kind, start, warning] of [
    [
      "gitlab",
      startGitlab,
      /report: no status is told, as a status at GitLab would be a pipeline that merge requests wait for; set it to 'deployment'/,
    ],
    ["gitea", startGitea, /report: no deployment is told, as Gitea has no deployments; set it to 'status'/],
  ] as const) {
    const api = await start({ token: "a-token" });
    t.after(() => api.close());
    const annotations = { report: "both", github_token_secret_name: null, forge_token_secret_name: "forge" };
    const shop = await startReported(t, annotations, { FORGES: `127.0.0.1=${kind}@${new URL(api.url).origin}` });
    const { stage, sha } = shop;
    stage.secret("gitops-operator", "forge", { "forge-token": "a-token" });
    api.setBuilds("team/shop", sha, []);
    stage.registry.put("team/shop", sha);
    await stage.reconcileOne("shop");
    await eventually(() => api.posts.length === 1);
    await rollOut(shop, sha);
    await eventually(() => api.posts.length === 2);
    assert.match(await stage.text("/status"), warning);
    const said = api.posts.map(({ body }) => `${body.status ?? body.state} ${body.environment ?? body.context}`);
    const expected = kind === "gitlab" ? ["running prod", "success undefined"] : [`pending ${CONTEXT}`, `success ${CONTEXT}`];
    assert.deepEqual(said, expected);
  }
});
