/** The program without a command, at somebody's terminal: nothing is watched or pushed by mistake. */
import { existsSync } from "node:fs";
import { loadKubeConfig } from "../adapters/kubernetes/load-kube-config.ts";

/** Where the kubelet puts a Pod's service account. */
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token";

export function hasInClusterAccount(): boolean {
  return existsSync(ACCOUNT);
}

/** What `run` would do from here. */
export async function describeRun(kubeconfig: string | undefined): Promise<string> {
  const from = await loadKubeConfig(kubeconfig).then(
    (config) =>
      `From here that is ${config.getCurrentCluster()?.server}, the cluster of the context '${config.getCurrentContext()}', with your rights.`,
    (error: Error) => `From here it could not: ${error.message}`,
  );
  return `'gitops-operator run' would watch a cluster, read the Secrets that its annotated Deployments name, and push image tags to their manifests repositories.
${from}
Nothing was done. Say 'gitops-operator run' if that is what you want; 'gitops-operator --help' tells the other commands.`;
}
