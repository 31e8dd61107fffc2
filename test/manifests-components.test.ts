import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { test } from "node:test";
import type { IApplication } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1";
import type { IServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import type { IDeployment } from "kubernetes-models/apps/v1";
import type { IIngress, INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import type { IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1";
import type { IService } from "kubernetes-models/v1";
import { parse } from "yaml";
import type { KubeObject } from "../sandbox/cluster-api/kinds.ts";
import { requiredNames } from "../src/core/annotation-names.ts";
import { editManifest } from "../src/core/places/edit-manifest.ts";
import { parseTarget } from "../src/core/targets/target.ts";
import { skipWithoutKubectl as skip } from "./kubectl.ts";
import { pathOf, readYaml } from "./observability-files.ts";
import { folders, objectOf, parseObjects, renderManifests } from "./rendered-manifests.ts";
import { account, assertChecklist, configOf, environmentOf, events, rolesOf, secrets, workloads } from "./rendered-rights.ts";

function targetOf({ metadata }: KubeObject) {
  const { namespace = "", name, annotations = {} } = metadata;
  const parsed = parseTarget({ kind: "Deployment", namespace, name, annotations, containers: [] }, account);
  assert.ok(parsed.kind === "ready", JSON.stringify(parsed));
  assert.deepEqual(parsed.warnings, []);
  return parsed.target;
}

test("namespaced-secrets: Secrets are read by name only, in each namespace that has a role", { skip }, async () => {
  const objects = await renderManifests("manifests/components/namespaced-secrets");
  const named = { ...secrets, resourceNames: ["ssh-key", "manifests-key", "regcred", "forge-token", "webhook-secret"] };
  assert.deepEqual(rolesOf(objects), [
    ["Role", "default", [named]],
    ["Role", account, [named]],
    ["ClusterRole", undefined, [...workloads, events]],
  ]);
  assert.equal(configOf(objects).secretRefs, "scoped");
});

test("namespaced: the cluster role counts nowhere but in the namespaces that are watched", { skip }, async () => {
  const objects = await renderManifests("manifests/components/namespaced");
  assert.deepEqual(rolesOf(objects), [
    ["Role", account, [secrets]],
    ["ClusterRole", undefined, [...workloads, events]],
  ]);
  assert.ok(objects.every(({ kind }) => kind !== "ClusterRoleBinding"));
  const bindings = objects.filter(({ roleRef }) => (roleRef as IRoleBinding["roleRef"] | undefined)?.kind === "ClusterRole");
  assert.deepEqual(
    bindings.map(({ kind, metadata }) => [kind, metadata.namespace]),
    [["RoleBinding", "default"]],
  );
  assert.deepEqual(configOf(objects).watchNamespaces, ["default"]);
});

test("kinds: what WATCH_KINDS names is what the role lets be listed and watched beside the built-in kinds", { skip }, async () => {
  const objects = await renderManifests("manifests/components/kinds");
  const named = configOf(objects).watchKinds.map(({ resource, group }) => `${resource}.${group}`);
  const [, , rules = []] = rolesOf(objects).find(([kind]) => kind === "ClusterRole") ?? [];
  assert.deepEqual(rules.slice(0, workloads.length + 1), [...workloads, events]);
  const more = rules.slice(workloads.length + 1);
  assert.ok(more.every(({ verbs }) => verbs.join() === "list,watch"));
  assert.deepEqual(
    more.flatMap(({ apiGroups = [], resources = [] }) => resources.map((resource) => `${resource}.${apiGroups.join()}`)),
    named,
  );
});

test("the examples of other kinds are targets, in whose file their own text has the image", async () => {
  for (const [file, kind] of [
    ["rollout.yaml", "Rollout"],
    ["carrier-application.yaml", "Application"],
    ["carrier-helmrelease.yaml", "HelmRelease"],
  ] as const) {
    const text = await readFile(pathOf(`manifests/examples/${file}`), "utf8");
    const [object] = parseObjects(text);
    assert.equal(object?.kind, kind);
    const target = targetOf(object);
    assert.ok(text.includes(`This file is ${target.files[0].path} of team/manifests`), file);
    const edit = editManifest({ text, path: target.files[0].path, image: target.image, tag: "a".repeat(40), isUnchecked: true });
    assert.ok(edit.kind === "update", JSON.stringify(edit));
    assert.equal(edit.text, text.replace("latest #", `${"a".repeat(40)} #`));
  }
});

// S1, S2, S14
test("tenants: the checklist's switches are closed, and Secrets are read by name only, in each team's namespace", { skip }, async () => {
  const objects = await renderManifests("manifests/components/tenants");
  const named = { ...secrets, resourceNames: ["ssh-key", "manifests-key", "regcred", "forge-token", "webhook-secret"] };
  assert.deepEqual(rolesOf(objects), [
    ["Role", "default", [named]],
    ["ClusterRole", undefined, [...workloads, events]],
  ]);
  assertChecklist(objects);
});

test("hooks: the port for events is open to the Ingress controller alone, and no Service or Ingress of it leads to another", {
  skip,
}, async () => {
  const objects = await renderManifests("manifests/components/hooks");
  const { hookPort, port, healthPort } = configOf(objects);
  assert.deepEqual([hookPort, port, healthPort], [8082, 8000, 8081]);
  const { spec: deployment } = objectOf(objects, "Deployment") as unknown as IDeployment;
  const ports = deployment?.template.spec?.containers[0]?.ports ?? [];
  assert.deepEqual(
    ports.filter(({ name }) => name === "hooks"),
    [{ name: "hooks", containerPort: hookPort }],
  );
  const { spec: service } = objectOf(objects, "Service", "gitops-operator-hooks") as unknown as IService;
  assert.deepEqual(service?.ports, [{ name: "hooks", port: 80, targetPort: "hooks" }]);
  const { spec: ingress } = objectOf(objects, "Ingress") as unknown as IIngress;
  const [path, ...more] = ingress?.rules?.flatMap(({ http }) => http?.paths ?? []) ?? [];
  assert.deepEqual([path?.path, path?.backend.service, more], ["/hook/", { name: "gitops-operator-hooks", port: { name: "hooks" } }, []]);
  const { spec: policy } = objectOf(objects, "NetworkPolicy", "gitops-operator-hooks") as unknown as INetworkPolicy;
  assert.deepEqual(policy?.policyTypes, ["Ingress"]);
  assert.deepEqual(
    policy?.ingress?.flatMap((rule) => rule.ports),
    [{ port: hookPort, protocol: "TCP" }],
  );
  for (const selector of [service?.selector, policy?.podSelector?.matchLabels])
    assert.deepEqual(selector, deployment?.selector.matchLabels);
});

test("traces are off unless an endpoint is named; then the way to it is open, and the program sends there", { skip }, async () => {
  const variable = (objects: readonly KubeObject[], named: string) => environmentOf(objects).find(({ name }) => name === named)?.value;
  const opened = (objects: readonly KubeObject[]) => {
    const { spec } = objectOf(objects, "NetworkPolicy", "gitops-operator") as unknown as INetworkPolicy;
    return spec?.egress?.flatMap(({ ports = [] }) => ports).some(({ port }) => port === 4317);
  };
  for (const folder of folders) {
    const objects = await renderManifests(folder);
    const endpoint = variable(objects, "OTEL_EXPORTER_OTLP_ENDPOINT");
    assert.equal(endpoint, folder.endsWith("/tracing") ? "http://tempo.monitoring:4317" : undefined, folder);
    assert.equal(variable(objects, "OTEL_SDK_DISABLED"), String(endpoint === undefined), folder);
    assert.equal(opened(objects), endpoint !== undefined, folder);
  }
});

test("priority: the Pod's class is there, above what has none and below what the cluster needs", { skip }, async () => {
  const objects = await renderManifests("manifests/components/priority");
  const { spec } = objectOf(objects, "Deployment") as unknown as IDeployment;
  const { metadata, value } = objectOf(objects, "PriorityClass");
  assert.equal(spec?.template.spec?.priorityClassName, metadata.name);
  assert.ok(Number(value) > 0 && Number(value) < 2e9);
});

test("compat: every Secret of the cluster, and no image check without the default one, as the original", { skip }, async () => {
  const objects = await renderManifests("manifests/components/compat");
  assert.deepEqual(rolesOf(objects), [
    ["Role", account, [secrets]],
    ["ClusterRole", undefined, [...workloads, events, secrets]],
  ]);
  assert.equal(configOf(objects).secretRefs, "any");
  assert.deepEqual(configOf(objects).imageCheck, { level: "if-secret", binds: true });
});

test("monitoring: alerts and dashboard are those of files/, and Prometheus keeps the names that they ask for", { skip }, async () => {
  const objects = await renderManifests("manifests/components/monitoring");
  const remedy = "write it anew: its head, then sed 's/^\\(.\\)/  \\1/' files/alerts.yml from `groups:` on";
  assert.deepEqual(objectOf(objects, "PrometheusRule").spec, await readYaml("files/alerts.yml"), remedy);
  const dashboard = objectOf(objects, "ConfigMap");
  const file = "gitops-operator.json";
  assert.deepEqual(dashboard.data, { [file]: await readFile(pathOf(`files/grafana/dashboards/${file}`), "utf8") });
  assert.equal(dashboard.metadata.labels?.grafana_dashboard, "1");

  const { spec } = objectOf(objects, "ServiceMonitor") as unknown as IServiceMonitor;
  const service = objectOf(objects, "Service", "gitops-operator");
  for (const [key, value] of Object.entries(spec?.selector.matchLabels ?? { none: "" }))
    assert.equal(service.metadata.labels?.[key], value);
  // Prometheus' job is the Service's name, which the alerts name; a series' own namespace must not become exported_namespace.
  assert.equal(service.metadata.name, "gitops-operator");
  assert.deepEqual(spec?.endpoints, [{ port: "http", path: "/metrics", interval: "30s", honorLabels: true }]);
  for (const { metadata } of objects.filter(({ kind }) => !/^(Namespace|Cluster)/.test(kind))) assert.equal(metadata.namespace, account);
});

test("self: the operator's Deployment is a target of its own, on its branch, at the overlay that names its image", { skip }, async () => {
  const target = targetOf(objectOf(await renderManifests("manifests/components/self"), "Deployment"));
  assert.equal(target.appBranch, "main");
  assert.deepEqual(target.appRepository, target.manifestRepository);
  const { registry, repository } = target.image;
  const { images } = await readYaml<{ images: { newName: string }[] }>(target.files[0].path);
  assert.deepEqual(
    images.map(({ newName }) => newName),
    [`${registry}/${repository}`],
  );
});

test("the example application marks the required annotations, and nothing is wrong with those that it has", async () => {
  const text = await readFile(pathOf("manifests/examples/shop.yaml"), "utf8");
  const [shop] = parseObjects(text);
  assert.ok(shop);
  const marked = [...text.matchAll(/^ *gitops\.operator\.(\w+): .* # required/gm)].map(([, name]) => name);
  assert.deepEqual(marked.sort(), [...requiredNames].sort());
  const target = targetOf(shop);
  assert.match(JSON.stringify(shop.spec), /"image":"ghcr\.io\/team\/shop:/);

  const application = parse(await readFile(pathOf("manifests/examples/argocd-application.yaml"), "utf8")) as IApplication;
  const { source, destination, syncPolicy } = application.spec;
  assert.equal(source?.repoURL, shop.metadata.annotations?.["gitops.operator.manifest_repository"]);
  assert.deepEqual([source?.path, source?.targetRevision], [dirname(target.files[0].path), target.manifestBranch]);
  assert.equal(destination.namespace, shop.metadata.namespace);
  assert.deepEqual(syncPolicy?.automated, { selfHeal: true, prune: true });
});
