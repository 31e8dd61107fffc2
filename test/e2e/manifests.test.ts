import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import type { IDeployment } from "kubernetes-models/apps/v1";
import { createAuthorizer } from "../../sandbox/cluster-api/authorizer.ts";
import type { KubeObject } from "../../sandbox/cluster-api/kinds.ts";
import { freePort } from "../../sandbox/free-port.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { annotationPrefix } from "../../src/core/annotations.ts";
import { eventually } from "../eventually.ts";
import { renderChart, skipWithoutHelm } from "../helm.ts";
import { skipWithoutKubectl as skip } from "../kubectl.ts";
import { pathOf } from "../observability-files.ts";
import { folders, objectOf, renderManifests } from "../rendered-manifests.ts";
import { OLD, startStage } from "./stage.ts";

/** Where its Secrets are, when not only in the operator's namespace. */
const OPEN: Record<string, string[]> = {
  "manifests/components/namespaced-secrets": ["gitops-operator", "default"],
  "manifests/components/tenants": ["default"],
  "manifests/components/compat": ["gitops-operator", "elsewhere"],
};

/** Paths of the Pod and hosts of others; and the tests call themselves, at the moments that they choose, and look at /debug. */
const NOT_HERE = /^(WORK_DIR|SSH_KNOWN_HOSTS|ALLOWED_REPOSITORIES|RECONCILE_INTERVAL_SECONDS|DEBUG_ENDPOINT)$/;

/** The operator with the environment of the rendered Deployment, under the rendered roles of its service account. */
async function startInstalled(t: TestContext, objects: readonly KubeObject[]) {
  const deployment = objectOf(objects, "Deployment") as KubeObject & IDeployment;
  const pod = deployment.spec?.template.spec;
  const authorizer = createAuthorizer(objects, { namespace: deployment.metadata.namespace ?? "", name: pod?.serviceAccountName ?? "" });
  const env = (pod?.containers[0]?.env ?? []).filter(({ name, value }) => value !== undefined && !NOT_HERE.test(name));
  // The Pod's ports are its own; this machine's are everybody's.
  const portOr = async (name: string, value: string) => (/_PORT$/.test(name) ? String(await freePort()) : value);
  const stage = await startStage(t, {
    cluster: { authorizer, installed: namedIn(env.find(({ name }) => name === "WATCH_KINDS")?.value) },
    env: Object.fromEntries(await Promise.all(env.map(async ({ name, value = "" }) => [name, await portOr(name, value)] as const))),
  });
  return { stage, authorizer };
}

/** Of `WATCH_KINDS`, without versions. */
function namedIn(kinds = ""): string[] {
  return kinds
    .split(",")
    .filter(Boolean)
    .map((kind) => kind.replace(/\/.*/, ""));
}

interface Install {
  readonly name: string;
  readonly skip: string | false;
  readonly render: () => Promise<KubeObject[]>;
  /** Where a Deployment in `default` finds its Secrets. */
  readonly namespaces: readonly string[];
}

const on = { enabled: true };
/** Each switch of the chart alone is its component (test/chart.test.ts); together they widen and narrow the same roles. */
const together = { hooks: on, kinds: on, monitoring: on, namespaced: on, priority: on, tenants: on };
const installs: readonly Install[] = [
  ...folders.map((folder) => ({
    ...{ name: folder, skip, render: () => renderManifests(folder) },
    namespaces: OPEN[folder] ?? ["gitops-operator"],
  })),
  { name: "the chart", skip: skipWithoutHelm, render: () => renderChart(), namespaces: ["gitops-operator"] },
  {
    ...{ name: "the chart with its switches on", skip: skipWithoutHelm },
    ...{ render: () => renderChart({ values: together }), namespaces: ["default"] },
  },
];

for (const { name: install, skip: reason, render, namespaces } of installs) {
  test(`${install}: a Deployment's whole story under these roles: nothing is refused, nothing they give is unused`, {
    skip: reason,
  }, async (t) => {
    const { stage, authorizer } = await startInstalled(t, await render());
    const apps = namespaces.map((namespace) => ({ namespace, name: `shop-${namespace}` }));
    const image = (name: string) => `${stage.registry.host}/team/${name}`;
    const files = apps.map(({ name }) => [`${name}/deployment.yaml`, manifestOf(name, `${image(name)}:${OLD}`)]);
    await stage.repository("team/manifests.git", Object.fromEntries(files));
    for (const { namespace, name } of apps) {
      const app = await stage.repository(`team/${name}.git`, { "index.html": name });
      stage.ci.setRuns(`team/${name}`, (await app.tip()) ?? "", [{ status: "completed", conclusion: "failure" }]);
      stage.secret(namespace, "ssh-key", { "ssh-privatekey": stage.key.privateKey });
      stage.secret(namespace, "manifests-key", { "ssh-privatekey": stage.key.privateKey });
      stage.secret(namespace, "regcred", { ".dockerconfigjson": '{"auths":{}}' });
      stage.secret(namespace, "forge-token", { "forge-token": "ghp_canary0123456789canary0123456789ab" });
      stage.secret(namespace, "webhook-secret", { "webhook-url": stage.chat.url() });
      await stage.deploy({
        name,
        annotations: {
          ssh_key_namespace: namespace,
          manifest_ssh_key_name: "manifests-key",
          manifest_ssh_key_namespace: namespace,
          registry_secret_name: "regcred",
          registry_secret_namespace: namespace,
          forge_token_secret_name: "forge-token",
          forge_token_secret_namespace: namespace,
          notifications_secret_name: "webhook-secret",
          notifications_secret_namespace: namespace,
        },
      });
    }
    async function told(times: number): Promise<void> {
      await stage.chat.received(times * apps.length);
      await eventually(() => stage.cluster.list("Event").length === times * apps.length, "Events are told");
    }
    for (const { message } of await stage.reconcile()) assert.match(message, /^:x: Build failed for /);
    await told(1);
    assert.ok(stage.ci.requests.length >= apps.length, "the CI API was asked with the token");
    for (const { name } of apps) {
      const sha = stage.ci.requests
        .map(({ path }) => /repos\/team\/([^/]+)\/.*head_sha=([0-9a-f]{40})/.exec(path))
        .find((m) => m?.[1] === name);
      stage.registry.put(`team/${name}`, sha?.[2] ?? "");
    }
    const before = stage.cluster.requests.length;
    stage.cluster.faults.resetConnections();
    await eventually(() => stage.cluster.requests.slice(before).some(({ path }) => path.includes("watch=true")), "it watches again");
    await eventually(() => authorizer.unused.every(({ verb }) => verb !== "watch"), "it watches all kinds");
    for (const { action, message } of await stage.reconcile()) assert.equal(action, "patched", message);
    await told(2);
    assert.deepEqual(authorizer.refused, []);
    assert.deepEqual(authorizer.unused, []);
  });
}

// S1
test("the base opens no Secret of another namespace: failed, with what an administrator is to grant, and nothing is pushed", {
  skip,
}, async (t) => {
  const { stage, authorizer } = await startInstalled(t, await renderManifests("manifests/base"));
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  await stage.repository("team/shop.git", { "index.html": "1" });
  stage.secret("default", "ssh-key", { "ssh-privatekey": stage.key.privateKey });
  const before = await manifests.tip();
  await stage.deploy({ name: "shop", annotations: { ssh_key_namespace: "default" } });
  const { message } = await stage.reconcileOne("shop");
  assert.match(
    message,
    /^Failed to get SSH key: Secret default\/ssh-key may not be read by the operator: grant the operator's service account the verb get /,
  );
  assert.equal(await manifests.tip(), before);
  // Twice, as an API server that starts refuses everything.
  const asked = { verb: "get", group: "", resource: "secrets", namespace: "default", name: "ssh-key" };
  assert.deepEqual(authorizer.refused, [asked, asked]);
});

test("self: a commit on main ends as the tag of the overlay, which kustomize then renders", { skip }, async (t) => {
  const objects = await renderManifests("manifests/components/self");
  const { stage } = await startInstalled(t, objects);
  const own = objectOf(objects, "Deployment");
  const path = own.metadata.annotations?.[`${annotationPrefix}deployment_path`] ?? "";
  const text = await readFile(pathOf(path), "utf8");
  const repository = await stage.repository("example/gitops-operator.git", { [path]: text }, "main");
  const sha = await repository.tip();
  const url = stage.gitHost.url("example/gitops-operator.git");
  const repositories = { [`${annotationPrefix}app_repository`]: url, [`${annotationPrefix}manifest_repository`]: url };
  stage.cluster.put({ ...own, metadata: { ...own.metadata, annotations: { ...own.metadata.annotations, ...repositories } } });
  await eventually(() => stage.cluster.openWatchCount > 0, "it watches");
  let entry = await stage.reconcile();
  await eventually(async () => {
    if (entry.length === 0) entry = await stage.reconcile();
    return entry.length > 0;
  });
  assert.deepEqual(
    entry.map(({ action, to_sha }) => [action, to_sha]),
    [["patched", sha]],
  );
  const pushed = await repository.read(path);
  assert.equal(pushed, text.replace(/newTag: .*/, `newTag: ${sha}`));
  const copy = join(stage.folder, "checkout");
  await cp(pathOf("manifests"), join(copy, "manifests"), { recursive: true });
  await writeFile(join(copy, path), pushed);
  const rendered = objectOf(await renderManifests(join(copy, dirname(path))), "Deployment");
  assert.match(JSON.stringify(rendered.spec), new RegExp(`"image":"[^"]*:${sha}"`));
  assert.deepEqual(
    (await stage.reconcile()).map(({ action }) => action),
    ["up_to_date"],
  );
});
