/** A world on loopback for the operator to work in: Kubernetes API, git host over SSH, registry, CI API, chat. The tests live in it too. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BareRepository, createBareRepository, type FileChange } from "./bare-repository.ts";
import { type ChatWebhook, startChatWebhook } from "./chat-webhook.ts";
import { type CiApi, startCiApi } from "./ci-api.ts";
import type { NewObject } from "./cluster-api/kinds.ts";
import { type ClusterApi, type ClusterApiOptions, startClusterApi } from "./cluster-api.ts";
import { type GitHost, type GitHostOptions, startGitHost } from "./git-host.ts";
import type { HttpsGitHost } from "./https-git-host.ts";
import { type RegistryOptions, type SandboxRegistry, startRegistry } from "./registry.ts";
import type { SshKeyPair } from "./ssh-key-pair.ts";

export interface WorldOptions {
  readonly cluster?: ClusterApiOptions;
  /** Default: the in-process host. */
  readonly startHost?: (options: GitHostOptions) => Promise<WorldGitHost>;
  /** Default: open to all. */
  readonly registry?: RegistryOptions;
  /** Default: http, for an operator in this process; with https it needs the world's environment. */
  readonly chat?: "http" | "https";
}

/** Over SSH; or over https, where Secrets hold something else in the place of a key. */
type WorldGitHost = Omit<GitHost, "repository"> & Partial<Pick<HttpsGitHost, "secretOf" | "apps" | "answer">>;

export interface World {
  readonly folder: string;
  readonly cluster: ClusterApi;
  readonly gitHost: WorldGitHost;
  readonly registry: SandboxRegistry;
  readonly ci: CiApi;
  readonly chat: ChatWebhook;
  /** A key that may read and write every repository; it is in Secret `gitops-operator/ssh-key`. */
  readonly key: SshKeyPair;
  /** A new bare repository on the git host. */
  repository(path: string, files: Readonly<Record<string, FileChange>>, branch?: string): Promise<BareRepository>;
  /** What opens a repository over https says for which it is: `bound`; default: any. */
  secret(namespace: string, name: string, data: Readonly<Record<string, string>>, bound?: string): void;
  /** What the Secret of such a key holds: the key, or over https what stands for it there. */
  login(key: Pick<SshKeyPair, "privateKey">): Readonly<Record<string, string>>;
  /** Puts a Deployment into the cluster; annotations without their `gitops.operator.` prefix, null to leave one out. */
  deploy(app: DeployedApp): void;
  /** That Deployment, for another cluster. */
  deploymentOf(app: DeployedApp): NewObject;
  /** What the operator's process needs of its environment. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface DeployedApp {
  readonly namespace?: string;
  readonly name: string;
  readonly image?: string;
  readonly annotations?: Readonly<Record<string, string | null>>;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "gitops-operator-world-"));
  const root = join(folder, "git");
  await mkdir(root);
  const gitHost: WorldGitHost = await (options.startHost ?? startGitHost)({ root });
  const cluster = await startClusterApi({ ...usualCluster(), ...options.cluster });
  const registry = await startRegistry(options.registry);
  const ci = await startCiApi(gitHost.apps ? { apps: gitHost.apps } : {});
  const chat = await startChatWebhook(options.chat);
  const key = await gitHost.newKey();
  const files = { ca: join(folder, "ca.pem"), kubeconfig: join(folder, "kubeconfig"), knownHosts: join(folder, "known_hosts") };
  await writeFile(files.kubeconfig, cluster.kubeconfig);
  await writeFile(files.knownHosts, gitHost.knownHosts);
  await writeFile(files.ca, chat.caPem ?? "");

  let revision = 0;
  const world: World = {
    folder,
    cluster,
    gitHost,
    registry,
    ci,
    chat,
    key,
    repository: (path, content, branch = "master") => createBareRepository(join(root, path), { branch, files: content }),
    login: ({ privateKey }) => gitHost.secretOf?.(privateKey) ?? { "ssh-privatekey": privateKey },
    secret(namespace, name, data, bound) {
      const { "ssh-privatekey": privateKey, ...others } = data;
      const fields = privateKey === undefined ? data : { ...world.login({ privateKey }), ...others };
      const encoded = Object.entries(fields).map(([field, text]) => [field, Buffer.from(text).toString("base64")]);
      const isFromHttps = "password" in fields || "githubAppPrivateKey" in fields;
      const allowed = bound ?? (isFromHttps ? "*:*/**" : undefined);
      const metadata = {
        namespace,
        name,
        ...(allowed !== undefined && { annotations: { "gitops.operator.allowed_repositories": allowed } }),
      };
      cluster.put({ apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data: Object.fromEntries(encoded) });
    },
    deploy: (app) => void cluster.put(world.deploymentOf(app)),
    deploymentOf({ namespace = "default", name, image = `team/${name}:old`, annotations = {} }) {
      const all: Record<string, string | null> = {
        enabled: "true",
        app_repository: gitHost.url(`team/${name}.git`),
        manifest_repository: gitHost.url("team/manifests.git"),
        deployment_path: `${name}/deployment.yaml`,
        image_name: `team/${name}`,
        ssh_key_name: "ssh-key",
        ssh_key_namespace: "gitops-operator",
        ...annotations,
      };
      const set = Object.entries(all).filter(([, value]) => value !== null);
      return {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: {
          namespace,
          name,
          annotations: {
            ...Object.fromEntries(set.map(([field, value]) => [`gitops.operator.${field}`, value])),
            "deployment.kubernetes.io/revision": String(++revision),
          },
        },
        spec: {
          replicas: 1,
          selector: { matchLabels: { app: name } },
          template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image }] } },
        },
      };
    },
    env: {
      KUBECONFIG: files.kubeconfig,
      SSH_KNOWN_HOSTS: files.knownHosts,
      WORK_DIR: join(folder, "work"),
      GITHUB_API_URL: ci.url,
      GITHUB_HOST: gitHost.host,
      INSECURE_REGISTRIES: registry.host,
      INSECURE_WEBHOOKS: chat.host,
      // Images without a host are Docker Hub's, which is not in this world.
      IMAGE_CHECK: "if-secret",
      // What a real cluster's operator never may: talk to its own loopback.
      EGRESS_ALLOW_CIDRS: "127.0.0.0/8",
      NODE_EXTRA_CA_CERTS: files.ca,
      HOST: "127.0.0.1",
      PORT: "0",
    },
    async close() {
      await cluster.close();
      await gitHost.close();
      await registry.close();
      await ci.close();
      await chat.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  world.secret("gitops-operator", "ssh-key", { "ssh-privatekey": key.privateKey });
  return world;
}

/** Plain http, or what `CLUSTER_PROTOCOL` says: the end-to-end tests run over h2 too, as real API servers are asked. */
function usualCluster(): ClusterApiOptions {
  const protocol = process.env.CLUSTER_PROTOCOL ?? "http";
  if (protocol !== "http" && protocol !== "https" && protocol !== "h2") throw new Error(`CLUSTER_PROTOCOL=${protocol}: http, https or h2`);
  return protocol === "http" ? { protocol } : { protocol, token: "sandbox-token" };
}

/** A plain manifest of one Deployment. */
export function manifestOf(name: string, image: string, namespace = "default", annotations: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(annotations).map(([key, value]) => `    ${key}: ${JSON.stringify(value)}\n`);
  return `# Deployed by Argo CD; the operator changes the image tag.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: ${namespace}
${lines.length > 0 ? `  annotations:\n${lines.join("")}` : ""}spec:
  replicas: 1
  selector:
    matchLabels: { app: ${name} }
  template:
    metadata:
      labels: { app: ${name} }
    spec:
      containers:
        - name: ${name}
          image: ${image} # set by gitops-operator
`;
}
