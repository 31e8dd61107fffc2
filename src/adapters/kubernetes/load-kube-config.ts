import type { KubeConfig } from "@kubernetes/client-node";

/** What client-node falls back to when it finds nothing: nobody means that server. */
const fallbackContext = "loaded-context";

/** `KUBECONFIG`, `~/.kube/config` or the Pod's service account; throws an Error of one line when there is none to use. */
export async function loadKubeConfig(): Promise<KubeConfig> {
  // Loaded late: it costs a quarter of a second, and the HTTP server can listen meanwhile.
  const { KubeConfig } = await import("./kube-config.ts");
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
  } catch (error) {
    throw new Error(
      `The kubeconfig cannot be read: ${oneLine(error)}. Correct it, or try the operator without a cluster: npm run sandbox`,
      { cause: error },
    );
  }
  const cluster = config.getCurrentCluster();
  if (config.getCurrentContext() === fallbackContext || !cluster) {
    throw new Error(
      "No Kubernetes cluster: there is no kubeconfig with a current context (KUBECONFIG, ~/.kube/config) and no in-cluster service account. " +
        "Choose one with `kubectl config use-context NAME`, or try the operator without a cluster: npm run sandbox",
    );
  }
  if (cluster.server.startsWith("http:") && !cluster.skipTLSVerify) {
    throw new Error(
      `The cluster's server ${cluster.server} is plain http, which needs \`insecure-skip-tls-verify: true\` in its kubeconfig entry`,
    );
  }
  return config;
}

function oneLine(error: unknown): string {
  return String((error as Error).message).split("\n", 1)[0] ?? "";
}
