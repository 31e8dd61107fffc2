/** One Secret with a GitHub App for everything: it opens the repositories, asks for builds, and tells the application's commits. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type HttpsGitHost, startHttpsGitHost } from "../../sandbox/https-git-host.ts";
import { eventually } from "../eventually.ts";
import { startShop } from "./gated-shop.ts";

const ONE_SECRET = { github_token_secret_name: null, forge_token_secret_name: "ssh-key" };

async function startAppShop(t: TestContext, annotations: Record<string, string> = {}, env: Record<string, string> = {}) {
  let host: HttpsGitHost | undefined;
  const shop = await startShop(t, {
    env,
    annotations: { ...ONE_SECRET, ...annotations },
    startHost: async (options) => {
      host = await startHttpsGitHost({ ...options, door: "app" });
      return host;
    },
  });
  if (!host) throw new Error("no host");
  const { apps } = host;
  /** Of the API, what each token that was made may do. */
  const rights = () =>
    apps.made.map(({ repository, permissions }) => `${repository} ${Object.entries(permissions).map((one) => one.join(":"))}`);
  const bind = (data: Readonly<Record<string, string>>, bound: string | undefined, name = "ssh-key") => {
    const encoded = Object.entries(data).map(([field, text]) => [field, Buffer.from(text).toString("base64")]);
    const annotations = bound === undefined ? {} : { annotations: { "gitops.operator.allowed_repositories": bound } };
    const metadata = { namespace: "gitops-operator", name, ...annotations };
    shop.stage.cluster.put({ apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data: Object.fromEntries(encoded) });
  };
  return { ...shop, host, apps, rights, bind, fields: host.secretOf(shop.stage.key.privateKey) ?? {} };
}

// S26, S27
test("one Secret with an App opens the repositories, asks for builds and marks the commit: each with a token of the one repository and right, kept between passes", async (t) => {
  const { stage, sha, rights } = await startAppShop(t, { report: "both" }, { CLUSTER_NAME: "prod" });
  stage.ci.setRuns("team/shop", sha, [{ status: "completed", conclusion: "failure" }]);
  for (let pass = 0; pass < 3; pass++) assert.match((await stage.reconcileOne("shop")).message, /^:x: Build failed for /);
  await eventually(() => stage.ci.posts.some(({ path }) => /\/deployments\/\d+\/statuses$/.test(path)));
  assert.deepEqual(
    stage.ci.posts.map(({ path }) => path.replace(sha, "SHA")),
    ["/repos/team/shop/statuses/SHA", "/repos/team/shop/deployments", "/repos/team/shop/deployments/1/statuses"],
  );
  assert.deepEqual(rights().sort(), [
    "manifests contents:read",
    "shop actions:read",
    "shop contents:read",
    "shop deployments:read",
    "shop deployments:write",
    "shop statuses:read",
    "shop statuses:write",
  ]);
});

// F54
test("an App's token for builds that is refused is replaced by one new one", async (t) => {
  const { stage, sha, apps, rights } = await startAppShop(t);
  stage.ci.setRuns("team/shop", sha, [{ status: "completed", conclusion: "failure" }]);
  await stage.reconcileOne("shop");
  const ofBuilds = () => rights().filter((one) => one === "shop actions:read").length;
  assert.equal(ofBuilds(), 1);
  apps.expireAll();
  assert.match((await stage.reconcileOne("shop")).message, /^:x: Build failed for /);
  assert.equal(ofBuilds(), 2);
});

// S27
test("an App for builds that is bound to nothing, to others, or stands beside a token is not used: the result and /status say what to do", async (t) => {
  const { stage, host, apps, bind, fields } = await startAppShop(t, { forge_token_secret_name: "builds" });
  const place = `${host.host}:${host.port}/team`;
  for (const [data, bound, expected] of [
    [fields, undefined, `holds a GitHub App and is bound to nothing; annotate it with gitops.operator.allowed_repositories=${place}/*`],
    [fields, `${host.host}:${host.port}/others/*`, `is not for ${place}/shop: `],
    [{ ...fields, "forge-token": "a-token" }, `${place}/*`, "holds a token and a GitHub App (forge-token, githubAppID); keep one of them"],
  ] as const) {
    bind(data, bound, "builds");
    const { action, message } = await stage.reconcileOne("shop");
    assert.equal(action, "waiting");
    assert.ok(message.includes(`its build was not asked for: Secret gitops-operator/builds ${expected}`), message);
    assert.ok((await stage.text("/status")).includes(`builds are not asked for: Secret gitops-operator/builds ${expected}`));
  }
  assert.ok(apps.made.every(({ permissions }) => permissions.contents !== undefined));
  bind(fields, `${place}/*`, "builds");
  assert.doesNotMatch((await stage.reconcileOne("shop")).message, /not asked for/);
});

test("an App that may not ask for builds says so with the permission; one that may read no statuses is enough where GitHub Actions builds", async (t) => {
  const { stage, sha, apps } = await startAppShop(t);
  stage.ci.setRuns("team/shop", sha, []);
  const [app] = apps.all;
  if (!app) throw new Error("no App");
  app.permissions = ["actions:read"];
  assert.match((await stage.reconcileOne("shop")).message, /is not in the registry yet$/);
  app.permissions = [];
  apps.expireAll();
  const { action, message } = await stage.reconcileOne("shop");
  assert.equal(action, "failed");
  assert.match(
    message,
    /build status unknown: GitHub gives the App of Secret gitops-operator\/ssh-key no token for .*team\/shop.* \(HTTP 422: .*and give the App the permission actions: read/,
  );
});
