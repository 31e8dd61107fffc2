import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { KubeConfig, type User } from "@kubernetes/client-node";
import { parse } from "yaml";

/** What client-node falls back to when it finds nothing: nobody means that server. */
const fallbackContext = "loaded-context";

const remedy = "Choose one with `kubectl config use-context NAME`, or try the operator without a cluster: npm run sandbox";

/**
 * `kubeconfig` (as the variable of that name), `~/.kube/config` or the Pod's service account, with the context that is asked for, or else the
 * current one; throws an Error of one line when there is none to use.
 */
export async function loadKubeConfig(kubeconfig?: string, asked?: string): Promise<KubeConfig> {
  const config = new KubeConfig();
  const files = kubeconfig?.trim() ? existing(kubeconfig) : [join(homedir(), ".kube", "config")].filter((file) => existsSync(file));
  try {
    if (files.length > 0) config.loadFromOptions(merge(files.map(loadFile)));
    else config.loadFromDefault();
  } catch (error) {
    throw new Error(
      `The kubeconfig cannot be read: ${oneLine(error)}. Correct it, or try the operator without a cluster: npm run sandbox`,
      { cause: error },
    );
  }
  if (asked !== undefined) config.setCurrentContext(asked);
  const name = config.getCurrentContext();
  if (name === fallbackContext || !name) {
    throw new Error(
      `No Kubernetes cluster: there is no kubeconfig with a current context (KUBECONFIG, ~/.kube/config) and no in-cluster service account. ${remedy}`,
    );
  }
  const context = config.getContextObject(name);
  const source = files.join(", ");
  if (!context) {
    throw new Error(
      `The ${asked === undefined ? "current context" : "context"} '${name}' is not defined in ${source || "any kubeconfig"}; \`kubectl config get-contexts\` lists those that are. ${remedy}`,
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

function loadFile(file: string): KubeConfig {
  try {
    const config = new KubeConfig();
    config.loadFromFile(file);
    const folder = resolve(dirname(file));
    const tokenFiles = tokenFilesIn(readFileSync(file, "utf8"));
    for (const user of config.users) completeUser(user, folder, tokenFiles.get(user.name));
    return config;
  } catch (error) {
    throw new Error(`${file}: ${oneLine(error)}`, { cause: error });
  }
}

/** client-node drops a user's `tokenFile`, and reads its own `token-file` once for all. Few kubeconfigs have one, and to read the text twice takes long. */
function tokenFilesIn(kubeconfig: string): Map<string, string> {
  if (!kubeconfig.includes("tokenFile")) return new Map();
  const { users } = parse(kubeconfig) as { users?: readonly { name: string; user?: { tokenFile?: string } | null }[] | null };
  return new Map((users ?? []).flatMap(({ name, user }) => (user?.tokenFile ? [[name, user.tokenFile] as const] : [])));
}

/**
 * As client-go: paths are beside the kubeconfig, but a plugin's bare name is looked for in PATH; a token file, which is read again each minute,
 * wins over a token.
 */
function completeUser(user: Mutable<User>, folder: string, tokenFile: string | undefined): void {
  const command: unknown = user.exec?.command;
  if (typeof command === "string" && command.includes("/")) user.exec.command = resolve(folder, command);
  if (tokenFile === undefined) return;
  user.authProvider = { name: "tokenFile", config: { tokenFile: resolve(folder, tokenFile) } };
  delete user.token;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

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
