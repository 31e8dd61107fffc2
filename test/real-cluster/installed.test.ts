import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createAuthorizer } from "../../sandbox/cluster-api/authorizer.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { folders, withInstall } from "../rendered-manifests.ts";
import { type ApiServer, skipWithoutAssets, startApiServer } from "./api-server.ts";
import { account, OLD, startInstalled, user } from "./installed-operator.ts";

/** The components whose roles differ, and where a Deployment of `default` finds its Secrets under them. */
const secretNamespaces: Readonly<Record<string, readonly string[]>> = {
  "manifests/base": ["gitops-operator"],
  "manifests/components/namespaced": ["gitops-operator"],
  "manifests/components/namespaced-secrets": ["gitops-operator", "default"],
  "manifests/components/tenants": ["default"],
  "manifests/components/compat": ["gitops-operator", "elsewhere"],
};

/** As the Prometheus operator's, without its schemas. */
function customResource(kind: string, plural: string): object {
  const group = "monitoring.coreos.com";
  const openAPIV3Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      ...{ group, scope: "Namespaced", names: { kind, plural, singular: kind.toLowerCase() } },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  };
}

describe("the manifests on a real API server", { skip: skipWithoutAssets }, () => {
  let server: ApiServer;
  before(async () => {
    server = await startApiServer();
    await server.apply(customResource("PrometheusRule", "prometheusrules"), customResource("ServiceMonitor", "servicemonitors"));
    await server.kubectl(["wait", "--for=condition=established", "--timeout=30s", "crd", "--all"]);
    await server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "elsewhere" } });
  });
  after(() => server?.close());

  for (const folder of folders) {
    test(`${folder}: the second kubectl apply changes nothing`, async () => {
      const apply = () => withInstall(folder, (overlay) => server.kubectl(["apply", "-k", overlay]));
      await apply();
      const second = (await apply()).trim().split("\n");
      assert.deepEqual(
        second.filter((line) => !line.endsWith(" unchanged")),
        [],
      );
      assert.ok(second.length > 5);
    });
  }

  for (const [folder, namespaces] of Object.entries(secretNamespaces)) {
    test(`${folder}: the whole job as its ServiceAccount; by the audit log nothing was forbidden and no rule is unused`, async (t) => {
      const label = ["-l", "app.kubernetes.io/name=gitops-operator"];
      await server.kubectl(["delete", "clusterrole,clusterrolebinding", ...label]);
      await server.kubectl(["delete", "role,rolebinding", "-A", ...label]);
      await server.kubectl(["delete", "deployments", "-n", "default", "--all"]);
      const seen = (await server.audit(user)).length;
      const installed = await startInstalled(t, server, folder);
      const { world, reconcile, secret, deploy, described, objects } = installed;
      const apps = namespaces.map((namespace) => ({ namespace, name: `shop-${namespace}` }));
      const image = (name: string) => `${world.registry.host}/team/${name}`;
      const files = apps.map(({ name }) => [`${name}/deployment.yaml`, manifestOf(name, `${image(name)}:${OLD}`)]);
      const manifests = await world.repository("team/manifests.git", Object.fromEntries(files));
      const tips = new Map<string, string>();
      for (const { namespace, name } of apps) {
        const tip = (await (await world.repository(`team/${name}.git`, { "index.html": name })).tip()) ?? "";
        tips.set(name, tip);
        world.ci.setRuns(`team/${name}`, tip, [{ status: "completed", conclusion: "failure" }]);
        await secret(namespace, "ssh-key", { "ssh-privatekey": world.key.privateKey });
        await secret(namespace, "manifests-key", { "ssh-privatekey": world.key.privateKey });
        await secret(namespace, "regcred", { ".dockerconfigjson": '{"auths":{}}' });
        await secret(namespace, "github-token", { "github-token": "ghp_canary0123456789canary0123456789ab" });
        await secret(namespace, "webhook-secret", { "webhook-url": world.chat.url() });
        const named = Object.entries({
          ssh_key: "ssh-key",
          manifest_ssh_key: "manifests-key",
          registry_secret: "regcred",
          github_token_secret: "github-token",
          notifications_secret: "webhook-secret",
        }).flatMap(([field, of]) => [
          [`${field}_name`, of],
          [`${field}_namespace`, namespace],
        ]);
        await deploy({ name, image: `${image(name)}:${OLD}`, annotations: Object.fromEntries(named) });
      }
      for (const { message } of (await reconcile()).entries) assert.match(message, /^:x: Build failed for /);
      await world.chat.received(apps.length);
      for (const { name } of apps) world.registry.put(`team/${name}`, tips.get(name) ?? "");
      const { entries } = await reconcile();
      assert.deepEqual(
        entries.map(({ action, message }) => (action === "patched" ? action : message)),
        apps.map(() => "patched"),
      );
      for (const { name } of apps) {
        assert.match(await manifests.read(`${name}/deployment.yaml`), new RegExp(`:${tips.get(name)} `));
        await eventually(async () => (await described(name)).length === 2, "both Events are there");
        assert.match((await described(name)).at(-1) ?? "", /^ImageUpdated /);
      }
      const authorizer = createAuthorizer(objects, account);
      for (const { verb, requestURI, objectRef, annotations } of (await server.audit(user)).slice(seen)) {
        assert.equal(annotations?.["authorization.k8s.io/decision"], "allow", `${verb} ${requestURI}`);
        const { resource = "", namespace, name, apiGroup: group = "" } = objectRef ?? {};
        authorizer.check({ verb, group, resource, namespace, name: verb === "create" ? undefined : name });
      }
      assert.deepEqual(authorizer.unused, []);
    });
  }
});
