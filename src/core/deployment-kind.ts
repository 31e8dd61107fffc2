/** Where Deployments have been served; the three older ones are gone since Kubernetes 1.16, and some manifests still have them. */
const apiVersions: readonly unknown[] = ["apps/v1", "apps/v1beta2", "apps/v1beta1", "extensions/v1beta1"];

/** What a file says of itself; in the cluster a kind is enough. */
export function isDeploymentManifest({ apiVersion, kind }: { readonly apiVersion?: unknown; readonly kind?: unknown }): boolean {
  return kind === "Deployment" && apiVersions.includes(apiVersion);
}

/**
 * Undefined: no list. Else what its items are where they don't say so, as kubectl has it: a DeploymentList holds Deployments of its own
 * apiVersion, a List anything.
 */
export function itemKindOf<V>(list: { readonly apiVersion?: V; readonly kind?: unknown }): { apiVersion?: V; kind?: string } | undefined {
  if (list.kind === "List") return {};
  if (list.kind !== "DeploymentList") return undefined;
  return { kind: "Deployment", ...(list.apiVersion === undefined ? {} : { apiVersion: list.apiVersion }) };
}
