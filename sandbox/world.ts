/** A world on loopback for the operator to work in: a Kubernetes API, a git host over SSH, repositories, Secrets. The tests live in it too. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BareRepository, createBareRepository, type FileChange } from "./bare-repository.ts";
import { type ClusterApi, type ClusterApiOptions, startClusterApi } from "./cluster-api.ts";
import { type GitHost, type GitHostOptions, startGitHost } from "./git-host.ts";
import type { SshKeyPair } from "./ssh-key-pair.ts";

export interface WorldOptions {
  readonly cluster?: ClusterApiOptions;
  /** Default: the in-process host. */
  readonly startHost?: (options: GitHostOptions) => Promise<GitHost>;
}

export interface World {
  readonly folder: string;
  readonly cluster: ClusterApi;
  readonly gitHost: GitHost;
  /** A key that may read and write every repository; it is in Secret `gitops-operator/ssh-key`. */
  readonly key: SshKeyPair;
  /** A new bare repository on the git host. */
  repository(path: string, files: Readonly<Record<string, FileChange>>, branch?: string): Promise<BareRepository>;
  secret(namespace: string, name: string, data: Readonly<Record<string, string>>): void;
  /** Puts a Deployment into the cluster; annotations without their `gitops.operator.` prefix, null to leave one out. */
  deploy(app: DeployedApp): void;
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
  const gitHost = await (options.startHost ?? startGitHost)({ root });
  const cluster = await startClusterApi(options.cluster);
  const key = await gitHost.newKey();
  const files = { kubeconfig: join(folder, "kubeconfig"), knownHosts: join(folder, "known_hosts") };
  await writeFile(files.kubeconfig, cluster.kubeconfig);
  await writeFile(files.knownHosts, gitHost.knownHosts);

  const world: World = {
    folder,
    cluster,
    gitHost,
    key,
    repository: (path, content, branch = "master") => createBareRepository(join(root, path), { branch, files: content }),
    secret(namespace, name, data) {
      const encoded = Object.entries(data).map(([field, text]) => [field, Buffer.from(text).toString("base64")]);
      cluster.put({ apiVersion: "v1", kind: "Secret", metadata: { namespace, name }, type: "Opaque", data: Object.fromEntries(encoded) });
    },
    deploy({ namespace = "default", name, image = `team/${name}:old`, annotations = {} }) {
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
      cluster.put({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { namespace, name, annotations: Object.fromEntries(set.map(([field, value]) => [`gitops.operator.${field}`, value])) },
        spec: {
          replicas: 1,
          selector: { matchLabels: { app: name } },
          template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image }] } },
        },
      });
    },
    env: {
      KUBECONFIG: files.kubeconfig,
      SSH_KNOWN_HOSTS: files.knownHosts,
      WORK_DIR: join(folder, "work"),
      HOST: "127.0.0.1",
      PORT: "0",
    },
    async close() {
      await cluster.close();
      await gitHost.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  world.secret("gitops-operator", "ssh-key", { "ssh-privatekey": key.privateKey });
  return world;
}

/** A plain manifest of one Deployment. */
export function manifestOf(name: string, image: string, namespace = "default"): string {
  return `# Deployed by Argo CD; the operator changes the image tag.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
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
