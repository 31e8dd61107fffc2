import { type ForgeApi, type ForgeApiOptions, type ForgeRoutes, startForgeApi } from "../forge-api.ts";
import { createPulls, type PullRoutes, type Pulls } from "./pulls.ts";

/** One pipeline or status, in the forge's own words. */
export interface Build {
  readonly state: string;
  /** By which its maker knows it. */
  readonly name?: string;
  readonly text?: string;
}

export interface BuildsApi extends ForgeApi {
  readonly pulls: Pulls;
  /** Of a commit, newest first. */
  builds(repository: string, sha: string): readonly Build[];
  /** Of a commit from now on, newest first; the repository exists from then on. */
  setBuilds(repository: string, sha: string, builds: readonly Build[]): void;
}

/** Undefined: there is no such repository. */
type BuildsOf = (repository: string) => ((sha: string) => readonly Build[]) | undefined;

/** A status that was written: the newest, and the only one of its name. */
type PutBuild = (repository: string, sha: string, build: Build) => void;

/** `routes`: made of what the commits have. `pullRoutes`: what is answered about requests, before all others. */
export async function startBuildsApi(
  routes: (buildsOf: BuildsOf, put: PutBuild) => ForgeRoutes,
  pullRoutes: (pulls: Pulls) => PullRoutes,
  options: ForgeApiOptions,
): Promise<BuildsApi> {
  const repositories = new Map<string, Map<string, readonly Build[]>>();
  const buildsOf: BuildsOf = (repository) => {
    const commits = repositories.get(repository);
    return commits && ((sha) => commits.get(sha) ?? []);
  };
  const put: PutBuild = (repository, sha, build) => {
    const others = (buildsOf(repository)?.(sha) ?? []).filter(({ name }) => name !== build.name);
    repositories.set(repository, (repositories.get(repository) ?? new Map()).set(sha, [build, ...others]));
  };
  const pulls = createPulls();
  const [all, first] = [routes(buildsOf, put), pullRoutes(pulls)];
  const served: ForgeRoutes = {
    ...all,
    serve: (path, url, request) => first.serve(path, url) ?? all.serve(path, url, request),
    write: (path, body, url, method) => first.write(path, body, url, method) ?? all.write?.(path, body, url, method),
  };
  const api = await startForgeApi(served, options);
  return Object.assign(api, {
    pulls,
    builds: (repository: string, sha: string) => buildsOf(repository)?.(sha) ?? [],
    setBuilds(repository: string, sha: string, builds: readonly Build[]) {
      const commits = repositories.get(repository) ?? new Map<string, readonly Build[]>();
      repositories.set(repository, commits.set(sha, builds));
    },
  });
}
