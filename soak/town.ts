/** The world of the soak: 20 Deployments in 3 namespaces with a key each, 2 manifests repositories, and a proxy in front of the git host. */
import type { BareRepository } from "../sandbox/bare-repository.ts";
import { describeHost, type GitHost, type GitHostOptions, startGitHost } from "../sandbox/git-host.ts";
import { manifestOf, startWorld, type World } from "../sandbox/world.ts";
import { sshdAvailable, startOpenSsh } from "../test/openssh.ts";
import { startTcpProxy, type TcpProxy } from "../test/tcp-proxy.ts";

export interface App {
  readonly namespace: string;
  readonly name: string;
  readonly source: BareRepository;
  readonly manifests: BareRepository;
  /** In the manifests repository. */
  readonly path: string;
  /** Within the registry. */
  readonly image: string;
  /** Its commits, oldest first. */
  readonly commits: string[];
  /** Those whose image was pushed. */
  readonly built: Set<string>;
  commit(): Promise<string>;
  deploy(enabled: boolean): void;
  build(sha: string): void;
  /** Its build runs; or it has failed, and there will be no image. */
  setBuild(sha: string, state: "running" | "failed"): void;
}

export interface Town {
  readonly world: World;
  readonly proxy: TcpProxy;
  readonly apps: readonly App[];
  readonly manifests: readonly BareRepository[];
  readonly gitServer: string;
}

const NAMESPACES = ["blue", "green", "red"] as const;
const APPS = 20;
/** The address of the operator's commits. */
export const OPERATOR = "gitops-operator@noreply.local";
export const FIRST_TAG = "0".repeat(40);

export async function startTown(t: { after(close: () => unknown): void }): Promise<Town> {
  let proxy: TcpProxy | undefined;
  const reason = sshdAvailable();
  const world = await startWorld({
    async startHost(options: GitHostOptions): Promise<GitHost> {
      const host = await (reason === undefined ? startOpenSsh({ ...options, trace: false }) : startGitHost(options));
      proxy = await startTcpProxy(t, host.port);
      const knownHosts = host.knownHosts.replaceAll(`]:${host.port} `, `]:${proxy.port} `);
      return { ...host, ...describeHost(host.user, proxy.port, []), knownHosts };
    },
  });
  t.after(() => world.close());
  if (!proxy) throw new Error("the world started no git host");

  const names = Array.from({ length: APPS }, (_, index) => `app-${index}`);
  const manifests = await Promise.all(
    [0, 1].map(async (half) => {
      const own = names.filter((_, index) => index % 2 === half);
      const image = (name: string) => `${world.registry.host}/team/${name}:${FIRST_TAG}`;
      const repository = await world.repository(`team/manifests-${half}.git`, {
        "README.md": "0\n",
        ...Object.fromEntries(own.map((name) => [`apps/${name}/deployment.yaml`, manifestOf(name, image(name))])),
      });
      // The history of the branch itself, so that a push that was no fast-forward can't hide.
      await repository.config("core.logAllRefUpdates", "always");
      // As forges have it: what was taken back is known also to an operator that has just started.
      await repository.config("uploadpack.allowFilter", "true");
      return repository;
    }),
  );
  for (const namespace of NAMESPACES) {
    const key = await world.gitHost.newKey();
    world.secret(namespace, "deploy-key", { "ssh-privatekey": key.privateKey });
    world.secret(namespace, "github-token", { "github-token": "sandbox-token" });
  }
  const apps = await Promise.all(names.map((name, index) => addApp(world, name, index, manifests[index % 2] as BareRepository)));
  return { world, proxy, apps, manifests, gitServer: reason === undefined ? "OpenSSH" : `the sandbox's (${reason})` };
}

async function addApp(world: World, name: string, index: number, manifests: BareRepository): Promise<App> {
  const namespace = NAMESPACES[index % NAMESPACES.length] ?? NAMESPACES[0];
  const source = await world.repository(`${namespace}/${name}.git`, { "version.txt": "0\n" });
  const image = `team/${name}`;
  const path = `apps/${name}/deployment.yaml`;
  const app: App = {
    ...{ namespace, name, source, manifests, path, image },
    commits: [(await source.tip()) ?? ""],
    built: new Set(),
    deploy: (enabled) =>
      world.deploy({
        namespace,
        name,
        annotations: {
          enabled: String(enabled),
          app_repository: world.gitHost.url(`${namespace}/${name}.git`),
          manifest_repository: world.gitHost.url(`team/manifests-${index % 2}.git`),
          deployment_path: path,
          image_name: `${world.registry.host}/${image}`,
          registry_secret_url: world.registry.url,
          ssh_key_name: "deploy-key",
          ssh_key_namespace: namespace,
          github_token_secret_name: "github-token",
          github_token_secret_namespace: namespace,
        },
      }),
    async commit() {
      const number = app.commits.length;
      const sha = await source.commit({ "version.txt": `${number}\n` }, { message: `Change ${number}` });
      app.commits.push(sha);
      return sha;
    },
    build(sha) {
      app.built.add(sha);
      world.registry.put(image, sha);
      world.ci.setRuns(`${namespace}/${name}`, sha, [{ status: "completed", conclusion: "success" }]);
    },
    setBuild(sha, state) {
      const run = state === "running" ? ({ status: "in_progress" } as const) : ({ status: "completed", conclusion: "failure" } as const);
      world.ci.setRuns(`${namespace}/${name}`, sha, [run]);
    },
  };
  for (const sha of app.commits) app.build(sha);
  app.deploy(true);
  return app;
}
