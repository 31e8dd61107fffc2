/** The annotations that make a Deployment tracked, without their prefix. */
export const required = {
  enabled: "true",
  app_repository: "git@github.com:team/app.git",
  manifest_repository: "git@github.com:team/manifests.git",
  deployment_path: "deploy/app.yaml",
  image_name: "team/app",
  ssh_key_name: "ssh-key",
  ssh_key_namespace: "gitops-operator",
};
