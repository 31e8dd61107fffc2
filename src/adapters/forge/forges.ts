import { type Forge as At, type ForgeKind, forgeOf } from "../../core/forges.ts";
import type { Builds, Reports } from "../../core/ports.ts";
import type { Proposals } from "../../core/proposal-ports.ts";
import type { Repository } from "../../core/types.ts";
import { createAzureDevops } from "./azure-devops.ts";
import { createBitbucketCloud } from "./bitbucket-cloud.ts";
import { createBitbucketServer } from "./bitbucket-server.ts";
import type { Forge, ForgeOptions } from "./forge.ts";
import { createGitea } from "./gitea.ts";
import { createGithub } from "./github.ts";
import { createGitlab } from "./gitlab.ts";

const create: Readonly<Record<ForgeKind, (options: ForgeOptions) => Forge>> = {
  github: createGithub,
  gitlab: createGitlab,
  gitea: createGitea,
  forgejo: createGitea,
  bitbucket: createBitbucketCloud,
  "bitbucket-server": createBitbucketServer,
  azure: createAzureDevops,
};

/** A repository of a host that is not among these is not asked about, and its token is sent to nobody. */
export function createForges(known: readonly At[], options: Omit<ForgeOptions, "apiUrl">) {
  const forges = new Map(known.map((at) => [at, create[at.kind]({ ...options, apiUrl: at.apiUrl })]));
  const of = (repository: Repository) => {
    const at = forgeOf(known, repository);
    return at && forges.get(at);
  };
  const builds: Builds = {
    async state(repository, sha, login) {
      const forge = of(repository);
      return forge ? forge.state(repository, sha, login) : { kind: "none" };
    },
  };
  const nobody = { kind: "refused", reason: "nobody has said which forge it is; let an administrator add it to FORGES" } as const;
  const reports: Reports = {
    last: async (place, login) => of(place.repository)?.reports.last(place, login) ?? nobody,
    post: async (place, report, login) => of(place.repository)?.reports.post(place, report, login) ?? nobody,
  };
  const proposals: Proposals = {
    find: async (place, login) => of(place.repository)?.proposals.find(place, login) ?? nobody,
    open: async (place, words, login) => of(place.repository)?.proposals.open(place, words, login) ?? nobody,
    setAutoMerge: async (place, login) => {
      const forge = of(place.repository);
      return forge ? forge.proposals.setAutoMerge(place, login) : nobody.reason;
    },
    edit: async (place, proposal, words, login) => of(place.repository)?.proposals.edit(place, proposal, words, login) ?? nobody,
  };
  const gitHubs = [...forges].filter(([{ kind }]) => kind === "github").map(([, forge]) => forge);
  return {
    builds,
    reports,
    proposals,
    /** Requests that the GitHub token nearest to its limit has left; undefined when no limit is known. */
    githubRateRemaining(): number | undefined {
      const known = gitHubs.flatMap(({ rateRemaining }) => rateRemaining() ?? []);
      return known.length > 0 ? Math.min(...known) : undefined;
    },
  };
}
