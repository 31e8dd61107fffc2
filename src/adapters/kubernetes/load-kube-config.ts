import { existsSync } from "node:fs";
import { delimiter } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";

/** What client-node falls back to when it finds nothing: nobody means that server. */
const fallbackContext = "loaded-context";

const remedy = "Choose one with `kubectl config use-context NAME`, or try the operator without a cluster: npm run sandbox";

/**
 * `kubeconfig` (as the variable of that name), `~/.kube/config` or the Pod's service account; throws an Error of one line when there is none
 * to use.
 */
export async function loadKubeConfig(kubeconfig?: string): Promise<KubeConfig> {
  const config = new KubeConfig();
  const named = kubeconfig?.trim() ? existing(kubeconfig) : undefined;
  try {
    if (named) config.loadFromOptions(merge(named.map((file) => loadFile(new KubeConfig(), file))));
    else config.loadFromDefault();
  } catch (error) {
    throw new Error(
      `The kubeconfig cannot be read: ${oneLine(error)}. Correct it, or try the operator without a cluster: npm run sandbox`,
      { cause: error },
    );
  }
  const name = config.getCurrentContext();
  if (name === fallbackContext || !name) {
    throw new Error(
      `No Kubernetes cluster: there is no kubeconfig with a current context (KUBECONFIG, ~/.kube/config) and no in-cluster service account. ${remedy}`,
    );
  }
  const context = config.getContextObject(name);
  const source = named?.join(", ") ?? "~/.kube/config";
  if (!context) {
    throw new Error(
      `The current context '${name}' is not defined in ${source}; \`kubectl config get-contexts\` lists those that are. ${remedy}`,
    );
  }
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error(`The context '${name}' names the cluster '${context.cluster}', which ${source} does not define. ${remedy}`);
  if (cluster.server.startsWith("http:") && !cluster.skipTLSVerify) {
    throw new Error(
      `The cluster's server ${cluster.server} is plain http, which needs \`insecure-skip-tls-verify: true\` in its kubeconfig entry`,
    );
  }
  return config;
}

/** As kubectl: files that are not there don't count. */
function existing(kubeconfig: string): string[] {
  const files = kubeconfig.split(delimiter).filter(Boolean);
  const there = files.filter((file) => existsSync(file));
  if (there.length > 0) return there;
  throw new Error(
    `No Kubernetes cluster: KUBECONFIG names no file that exists (${files.join(", ")}). Correct it, or try the operator without a cluster: npm run sandbox`,
  );
}

function loadFile(config: KubeConfig, file: string): KubeConfig {
  try {
    config.loadFromFile(file);
    return config;
  } catch (error) {
    throw new Error(`${file}: ${oneLine(error)}`, { cause: error });
  }
}

/** As kubectl: of equal names, and of current contexts, the first counts. client-node's own merge takes the last context and refuses equal names. */
function merge(parts: readonly KubeConfig[]) {
  return {
    clusters: firstOfEachName(parts.flatMap(({ clusters }) => clusters ?? [])),
    users: firstOfEachName(parts.flatMap(({ users }) => users ?? [])),
    contexts: firstOfEachName(parts.flatMap(({ contexts }) => contexts ?? [])),
    currentContext: parts.find(({ currentContext }) => currentContext)?.currentContext ?? "",
  };
}

function firstOfEachName<Named extends { readonly name: string }>(all: readonly Named[]): Named[] {
  return all.filter(({ name }, index) => all.findIndex((other) => other.name === name) === index);
}

function oneLine(error: unknown): string {
  return String((error as Error).message).split("\n", 1)[0] ?? "";
}
