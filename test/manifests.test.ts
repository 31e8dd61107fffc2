import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import type { IDeployment } from "kubernetes-models/apps/v1";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1";
import type { IRole, IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1";
import type { IService } from "kubernetes-models/v1";
import type { KubeObject } from "../sandbox/cluster-api/kinds.ts";
import { parseConfig } from "../src/config.ts";
import { skipWithoutKubectl as skip } from "./kubectl.ts";
import { alertRules, pathOf } from "./observability-files.ts";
import { folders, objectOf, renderManifests } from "./rendered-manifests.ts";

const name = "gitops-operator";

function deploymentIn(objects: readonly KubeObject[]) {
  const deployment = objectOf(objects, "Deployment") as unknown as IDeployment;
  const pod = deployment.spec?.template.spec;
  const container = pod?.containers[0];
  assert.ok(pod && container && pod.containers.length === 1);
  return { deployment, pod, container };
}

for (const folder of folders) {
  test(`${folder}: the Pod is as restricted as its namespace asks, and writes only to a bounded work directory`, { skip }, async () => {
    const objects = await renderManifests(folder);
    const { labels } = objectOf(objects, "Namespace").metadata;
    for (const mode of ["enforce", "audit", "warn"]) assert.equal(labels?.[`pod-security.kubernetes.io/${mode}`], "restricted");
    const { pod, container } = deploymentIn(objects);
    assert.deepEqual(pod.securityContext, {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    });
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    const work = pod.volumes?.find((volume) => volume.emptyDir);
    const disk = (await alertRules()).find(({ alert }) => alert === "GitopsOperatorDiskLeak");
    const alertGi = Number(/> (\d+) \* 1024 \* 1024 \* 1024$/.exec(disk?.expr ?? "")?.[1]);
    assert.equal(work?.emptyDir?.sizeLimit, `${alertGi + 1}Gi`, "the alert comes before the eviction");
    const writable = container.volumeMounts?.filter(({ readOnly }) => !readOnly);
    assert.deepEqual(
      writable?.map((mount) => [mount.name, mount.mountPath]),
      [[work?.name, container.env?.find((variable) => variable.name === "WORK_DIR")?.value]],
    );
    assert.deepEqual(container.resources, { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "512Mi" } });
  });

  test(`${folder}: the timer starts the passes, in compat the kubelet's probe; a push has time to end`, { skip }, async () => {
    const objects = await renderManifests(folder);
    const { deployment, pod, container } = deploymentIn(objects);
    assert.deepEqual(container.livenessProbe, {
      httpGet: { path: "/health", port: "health" },
      periodSeconds: 15,
      timeoutSeconds: 5,
      failureThreshold: 5,
    });
    const isTriggered = folder === "manifests/components/compat";
    assert.deepEqual(
      container.readinessProbe,
      isTriggered
        ? { httpGet: { path: "/reconcile", port: "http" }, initialDelaySeconds: 5, periodSeconds: 120, timeoutSeconds: 60 }
        : { httpGet: { path: "/ready", port: "health" }, periodSeconds: 5, timeoutSeconds: 5 },
    );
    const interval = container.env?.find((variable) => variable.name === "RECONCILE_INTERVAL_SECONDS");
    assert.equal(interval?.value, isTriggered ? "0" : "60");
    assert.equal(pod.terminationGracePeriodSeconds, 75);
    // With its one replica, a budget that allows no disruption would hold up each drain of its node for ever.
    const { spec: budget } = objectOf(objects, "PodDisruptionBudget") as unknown as IPodDisruptionBudget;
    assert.equal(budget?.maxUnavailable, 1);
    assert.deepEqual(budget?.selector, deployment.spec?.selector);
    assert.equal(deployment.spec?.replicas, 1);
    assert.deepEqual(deployment.spec?.strategy, { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
  });

  test(`${folder}: the Service reaches the port that the program listens on, also while it is not ready`, { skip }, async () => {
    const objects = await renderManifests(folder);
    const { deployment, container } = deploymentIn(objects);
    const { spec } = objectOf(objects, "Service", "gitops-operator") as unknown as IService;
    assert.deepEqual(spec?.ports, [{ name: "http", port: 80, targetPort: "http" }]);
    assert.equal(spec?.publishNotReadyAddresses, true);
    assert.deepEqual(
      container.ports?.filter((port) => port.name !== "hooks"),
      [
        { name: "http", containerPort: 8000 },
        { name: "health", containerPort: 8081 },
      ],
    );
    const labels = deployment.spec?.template.metadata?.labels ?? {};
    const { spec: policy } = objectOf(objects, "NetworkPolicy", "gitops-operator") as unknown as INetworkPolicy;
    for (const selector of [spec?.selector, deployment.spec?.selector.matchLabels, policy?.podSelector?.matchLabels]) {
      assert.deepEqual(selector, { "app.kubernetes.io/name": name });
      assert.ok(Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value));
    }
  });

  test(`${folder}: the environment is one that the program starts with, without problems`, { skip }, async () => {
    const { container } = deploymentIn(await renderManifests(folder));
    const env = Object.fromEntries(
      container.env?.map((variable) => [variable.name, variable.value ?? (variable.valueFrom?.secretKeyRef ? "0123456789abcdef" : name)]) ??
        [],
    );
    const parsed = parseConfig(env);
    assert.ok(parsed.kind === "ok", JSON.stringify(parsed));
    const told = folder === "manifests/components/compat" ? [/^SECRET_REFS=any: /] : [];
    assert.equal(parsed.warnings.length, told.length, parsed.warnings.join());
    for (const [index, warning] of told.entries()) assert.match(parsed.warnings[index] ?? "", warning);
    assert.equal(parsed.config.port, 8000);
    assert.equal(parsed.config.healthPort, 8081);
    assert.equal(parsed.config.operatorNamespace, name);
    assert.ok(parsed.config.reconcileTimeoutMs < 60_000, "the answer comes before the probe gives up");
    const mount = container.volumeMounts?.find(({ readOnly }) => readOnly);
    assert.deepEqual(parsed.config.knownHostsFiles, [`${mount?.mountPath}/known_hosts`]);
  });
}

// S14
test("only port 8000 comes in, from two namespaces, and only what a pass needs goes out", { skip }, async () => {
  const { spec } = objectOf(await renderManifests("manifests/base"), "NetworkPolicy") as unknown as INetworkPolicy;
  assert.deepEqual(spec?.policyTypes, ["Ingress", "Egress"]);
  assert.deepEqual(
    spec?.ingress?.flatMap(({ ports }) => ports),
    [{ port: 8000, protocol: "TCP" }],
  );
  assert.deepEqual(
    spec?.ingress?.map(({ from }) => from),
    [[{ podSelector: {} }, { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }]],
  );
  // Without addresses: name servers and the API server are matched by no ipBlock on some network plugins.
  assert.ok(spec?.egress?.every(({ to }) => to === undefined));
  const ports = spec?.egress?.flatMap((rule) => rule.ports ?? []).map(({ port, protocol }) => `${port}/${protocol}`);
  assert.deepEqual(ports, ["53/UDP", "53/TCP", "22/TCP", "443/TCP", "6443/TCP"]);
});

test("every port of a NetworkPolicy names its protocol: what the server fills into that list, each apply would call a change", {
  skip,
}, async () => {
  for (const folder of folders) {
    const policies = (await renderManifests(folder)).filter(({ kind }) => kind === "NetworkPolicy");
    assert.ok(policies.length > 0, folder);
    const rules = policies.flatMap(({ spec }) => {
      const { ingress = [], egress = [] } = spec as NonNullable<INetworkPolicy["spec"]>;
      return [...ingress, ...egress];
    });
    const unnamed = rules.flatMap(({ ports = [] }) => ports).filter(({ protocol }) => protocol === undefined);
    assert.deepEqual(unnamed, [], folder);
  }
});

test("the base may list and watch the four built-in kinds and ConfigMaps, create Events, read Secrets of its own namespace, and nothing else", {
  skip,
}, async () => {
  const objects = await renderManifests("manifests/base");
  const rulesOf = (kind: string) => (objectOf(objects, kind) as unknown as IRole).rules;
  assert.deepEqual(rulesOf("ClusterRole"), [
    { apiGroups: ["apps"], resources: ["deployments", "statefulsets", "daemonsets"], verbs: ["list", "watch"] },
    { apiGroups: ["batch"], resources: ["cronjobs"], verbs: ["list", "watch"] },
    { apiGroups: [""], resources: ["configmaps"], verbs: ["list", "watch"] },
    { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create"] },
  ]);
  assert.deepEqual(rulesOf("Role"), [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }]);
  assert.equal(objectOf(objects, "Role").metadata.namespace, name);
  assert.equal(objectOf(objects, "ServiceAccount").metadata.name, deploymentIn(objects).pod.serviceAccountName);
});

test("the base carries no annotation of ours: an operator of which some are missing would be told in /status for ever", {
  skip,
}, async () => {
  for (const { metadata } of await renderManifests("manifests/base")) assert.deepEqual(metadata.annotations ?? {}, {});
});

test("host keys of other hosts come from a ConfigMap that need not be there", { skip }, async () => {
  const { pod } = deploymentIn(await renderManifests("manifests/base"));
  const volume = pod.volumes?.find(({ configMap }) => configMap);
  assert.deepEqual(volume?.configMap, { name: "known-hosts", optional: true });
});

test("in a namespace of one's own the bindings follow, and the image is put in one place", { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "gitops-operator-install-"));
  t.after(() => rm(folder, { recursive: true }));
  const image = deploymentIn(await renderManifests("manifests/base")).container.image?.replace(/:[^:]*$/, "");
  const lines = [
    "namespace: ops",
    `resources: [${relative(folder, pathOf("manifests/base"))}]`,
    `images: [{ name: ${image}, newName: ghcr.io/me/gitops-operator, newTag: "1" }]`,
  ];
  await writeFile(join(folder, "kustomization.yaml"), lines.join("\n"));
  const objects = await renderManifests(folder);
  for (const kind of ["RoleBinding", "ClusterRoleBinding"]) {
    const { subjects } = objectOf(objects, kind) as unknown as IRoleBinding;
    assert.deepEqual(subjects, [{ kind: "ServiceAccount", name, namespace: "ops" }]);
  }
  assert.equal(objectOf(objects, "Namespace").metadata.name, "ops");
  const { container } = deploymentIn(objects);
  assert.equal(container.image, "ghcr.io/me/gitops-operator:1");
  assert.deepEqual(container.env?.find((variable) => variable.name === "OPERATOR_NAMESPACE")?.valueFrom, {
    fieldRef: { fieldPath: "metadata.namespace" },
  });
});
