/** What a rendered install may do, and is told to do. */
import assert from "node:assert/strict";
import type { IDeployment } from "kubernetes-models/apps/v1";
import type { IRole } from "kubernetes-models/rbac.authorization.k8s.io/v1";
import type { KubeObject } from "../sandbox/cluster-api/kinds.ts";
import { parseConfig } from "../src/config.ts";
import { objectOf } from "./rendered-manifests.ts";

export const account = "gitops-operator";

export const workloads = [
  { apiGroups: ["apps"], resources: ["deployments", "statefulsets", "daemonsets"], verbs: ["list", "watch"] },
  { apiGroups: ["batch"], resources: ["cronjobs"], verbs: ["list", "watch"] },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["list", "watch"] },
];
export const events = { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create"] };
export const secrets = { apiGroups: [""], resources: ["secrets"], verbs: ["get"] };

/** Kind, namespace and rules of each role, without those of the base. */
export function rolesOf(objects: readonly KubeObject[]): [kind: string, namespace: string | undefined, rules: IRole["rules"]][] {
  const roles = objects.filter(({ kind }) => kind === "Role" || kind === "ClusterRole");
  return roles.map(({ kind, metadata, rules }) => [kind, metadata.namespace, rules as IRole["rules"]]);
}

export function environmentOf(objects: readonly KubeObject[]) {
  const { spec } = objectOf(objects, "Deployment") as unknown as IDeployment;
  return spec?.template.spec?.containers[0]?.env ?? [];
}

export function configOf(objects: readonly KubeObject[]) {
  const parsed = parseConfig(Object.fromEntries(environmentOf(objects).map(({ name, value }) => [name, value])));
  assert.ok(parsed.kind === "ok");
  return parsed.config;
}

/** Each setting of the checklist in SECURITY.md. */
export function assertChecklist(objects: readonly KubeObject[]): void {
  const { secretRefs, imageCheck, debugEndpoint, allowedRepositories } = configOf(objects);
  assert.deepEqual([secretRefs, imageCheck, debugEndpoint], ["strict", { level: "on", binds: true }, false]);
  assert.ok(allowedRepositories);
  const token = environmentOf(objects).find(({ name }) => name === "RECONCILE_TOKEN");
  // Not optional: without the Secret the Pod does not start, rather than start open.
  assert.deepEqual(token?.valueFrom, { secretKeyRef: { name: "reconcile-token", key: "token" } });
}
