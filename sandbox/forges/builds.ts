import { type ForgeApi, type ForgeApiOptions, type ForgeRoutes, startForgeApi } from "../forge-api.ts";

/** One pipeline or status, in the forge's own words. */
export interface Build {
  readonly state: string;
  /** By which its maker knows it. */
  readonly name?: string;
  readonly text?: string;
}

export interface BuildsApi extends ForgeApi {
  /** Of a commit, newest first. */
  builds(repository: string, sha: string): readonly Build[];
  /** Of a commit from now on, newest first; the repository exists from then on. */
  setBuilds(repository: string, sha: string, builds: readonly Build[]): void;
}

/** Undefined: there is no such repository. */
type BuildsOf = (repository: string) => ((sha: string) => readonly Build[]) | undefined;

/** A status that was written: the newest, and the only one of its name. */
type PutBuild = (repository: string, sha: string, build: Build) => void;

/** `routes`: made of what the commits have. */
export async function startBuildsApi(
  routes: (buildsOf: BuildsOf, put: PutBuild) => ForgeRoutes,
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
  const api = await startForgeApi(routes(buildsOf, put), options);
  return Object.assign(api, {
    builds: (repository: string, sha: string) => buildsOf(repository)?.(sha) ?? [],
    setBuilds(repository: string, sha: string, builds: readonly Build[]) {
      const commits = repositories.get(repository) ?? new Map<string, readonly Build[]>();
      repositories.set(repository, commits.set(sha, builds));
    },
  });
}
