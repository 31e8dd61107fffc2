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

const REFUSED = { kind: "refused", reason: "nobody has said which forge it is; let an administrator add it to FORGES" } as const;

/** In the place of the forge of a host that nobody has named: it has no builds, and is asked nothing. */
const UNKNOWN: Pick<Forge, "state" | "reports" | "proposals"> = {
  state: async () => ({ kind: "none" }),
  reports: { last: async () => REFUSED, post: async () => REFUSED },
  proposals: { find: async () => REFUSED, open: async () => REFUSED, edit: async () => REFUSED, setAutoMerge: async () => REFUSED.reason },
};

/** A repository of a host that is not among these is not asked about, and its token is sent to nobody. */
export function createForges(known: readonly At[], options: Omit<ForgeOptions, "apiUrl">) {
  const forges = new Map(known.map((at) => [at, create[at.kind]({ ...options, apiUrl: at.apiUrl })]));
  const of = (repository: Repository) => {
    const at = forgeOf(known, repository);
    return (at && forges.get(at)) ?? UNKNOWN;
  };
  const builds: Builds = { state: (repository, ...rest) => of(repository).state(repository, ...rest) };
  const reports: Reports = {
    last: (place, ...rest) => of(place.repository).reports.last(place, ...rest),
    post: (place, ...rest) => of(place.repository).reports.post(place, ...rest),
  };
  const proposals: Proposals = {
    find: (place, ...rest) => of(place.repository).proposals.find(place, ...rest),
    open: (place, ...rest) => of(place.repository).proposals.open(place, ...rest),
    edit: (place, ...rest) => of(place.repository).proposals.edit(place, ...rest),
    setAutoMerge: (place, ...rest) => of(place.repository).proposals.setAutoMerge(place, ...rest),
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
