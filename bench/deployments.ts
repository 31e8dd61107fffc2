import type { BenchWorld } from "./bench-world.ts";
import { appName, manifestPath } from "./repositories.ts";

interface Fleet {
  readonly count: number;
  /** The application repository of `app-N`; default its own. */
  readonly appOf?: (app: number) => number;
  readonly via?: "direct" | "proxy";
  /** Default: the world's one key. */
  readonly keyOf?: (app: number) => string;
  readonly namespace?: string;
  /** Default: a manifest of a Deployment. */
  readonly pathOf?: (app: number) => string;
}

/** Puts the Deployments `app-0` to `app-N` into the cluster; their images are looked for in the world's registry. */
export function deployFleet(world: BenchWorld, fleet: Fleet): void {
  const { count, appOf = (app) => app, via = "direct", keyOf = () => "ssh-key", namespace, pathOf = manifestPath } = fleet;
  for (let app = 0; app < count; app++) {
    const name = appName(app);
    world.deploy({
      ...(namespace !== undefined && { namespace }),
      name,
      annotations: {
        app_repository: world.url(`team/${appName(appOf(app))}.git`, via),
        manifest_repository: world.url("team/manifests.git", via),
        deployment_path: pathOf(app),
        image_name: `${world.registry.host}/team/${name}`,
        registry_secret_url: world.registry.url,
        ssh_key_name: keyOf(app),
      },
    });
  }
}

/** A new commit in each application repository, whose image is built for every Deployment that follows it. */
export function publish(world: BenchWorld, tag: string, apps: readonly number[]): void {
  for (const app of apps) world.registry.put(`team/${appName(app)}`, tag);
}
