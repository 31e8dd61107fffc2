const complete = {
  enabled: "true",
  app_repository: "git@github.com:team/shop.git",
  manifest_repository: "git@github.com:team/manifests.git",
  deployment_path: "shop/deployment.yaml",
  image_name: "team/shop",
  ssh_key_name: "ssh-key",
  ssh_key_namespace: "gitops-operator",
};

/** A Deployment as JSON, which is YAML; annotations without their prefix, null to leave one out. */
export function deploymentYaml(name: string, annotations: Readonly<Record<string, unknown>> = {}, namespace?: string): string {
  const set = Object.entries({ ...complete, ...annotations }).filter(([, value]) => value !== null);
  const prefixed = Object.fromEntries(set.map(([key, value]) => [`gitops.operator.${key}`, value]));
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }), annotations: prefixed };
  return JSON.stringify({ apiVersion: "apps/v1", kind: "Deployment", metadata, spec: {} }, null, 2);
}
