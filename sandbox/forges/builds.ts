import { type ForgeApi, type ForgeApiOptions, type ForgeRoutes, startForgeApi } from "../forge-api.ts";

/** One pipeline or status, in the forge's own words. */
export interface Build {
  readonly state: string;
  /** By which its maker knows it. */
  readonly name?: string;
}

export interface BuildsApi extends ForgeApi {
  /** Of a commit from now on, newest first; the repository exists from then on. */
  setBuilds(repository: string, sha: string, builds: readonly Build[]): void;
}

/** Undefined: there is no such repository. */
type BuildsOf = (repository: string) => ((sha: string) => readonly Build[]) | undefined;

/** `routes`: made of what the commits have. */
export async function startBuildsApi(routes: (buildsOf: BuildsOf) => ForgeRoutes, options: ForgeApiOptions): Promise<BuildsApi> {
  const repositories = new Map<string, Map<string, readonly Build[]>>();
  const buildsOf: BuildsOf = (repository) => {
    const commits = repositories.get(repository);
    return commits && ((sha) => commits.get(sha) ?? []);
  };
  const api = await startForgeApi(routes(buildsOf), options);
  return Object.assign(api, {
    setBuilds(repository: string, sha: string, builds: readonly Build[]) {
      const commits = repositories.get(repository) ?? new Map<string, readonly Build[]>();
      repositories.set(repository, commits.set(sha, builds));
    },
  });
}
