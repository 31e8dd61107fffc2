/** The newest status of each context, of Gitea's and Forgejo's own Actions too. Both are asked alike: `/api/swagger` of each. */
import { z } from "zod";
import { parseJson } from "../../text/parse-json.ts";
import { type Asked, askedByPath } from "./asked.ts";
import type { BuildWord } from "./build-state.ts";
import { createStatusForge, type StatusKind, type StatusList } from "./commit-statuses.ts";
import type { Forge, ForgeOptions } from "./forge.ts";
import { hasNextLink, listOf } from "./forge-questions.ts";
import { createGiteaProposals } from "./gitea-proposals.ts";

/** The most that a server sends unless it is set up for more. */
const PER_PAGE = 50;

/** Its `state` is not looked at: it says pending where there is no status at all. Without any, `statuses` is null. */
const combined = z.object({
  total_count: z.number().nullish(),
  statuses: listOf(z.object({ status: z.string(), context: z.string().nullish(), description: z.string().nullish() })).nullish(),
});

const states: Readonly<Record<string, BuildWord>> = {
  ...{ pending: "running", success: "success", warning: "success", failure: "failed", error: "failed", skipped: "nothing" },
};

const words = { pending: "pending", success: "success", failure: "failure", error: "error" };

const askedOf = askedByPath("Gitea", { form: "OWNER/REPOSITORY", headers: (token) => ({ authorization: `token ${token}` }) });

const kind: StatusKind = {
  ...{ what: "the commit statuses", states, words, askedOf, list: statusesOf },
  write: ({ repository }, { sha, url }) => ({
    path: `repos/${repository}/statuses/${sha}`,
    query: {},
    right: "the scope write:repository",
    body: ({ state, name, text }) => ({ state, context: name, description: text, ...(url !== undefined && { target_url: url }) }),
  }),
};

export function createGitea(options: ForgeOptions): Forge {
  return createStatusForge("Gitea", kind, options, createGiteaProposals);
}

function statusesOf({ repository }: Asked, sha: string): StatusList {
  let seen = 0;
  return {
    path: `repos/${repository}/commits/${sha}/status`,
    query: { page: "1", limit: `${PER_PAGE}` },
    right: "the scope read:repository",
    read({ text, headers }, page) {
      // Servers before 1.15 send nothing at all where there is no status.
      const { data } = combined.safeParse(text === "" ? { total_count: 0 } : parseJson(text));
      if (!data || (!data.statuses && data.total_count !== 0)) return undefined;
      const statuses = data.statuses ?? [];
      seen += statuses.length;
      const isLast = statuses.length === 0 || ((data.total_count ?? 0) <= seen && statuses.length < PER_PAGE && !hasNextLink(headers));
      return {
        items: statuses.map(({ status, context, description }) => ({ state: status, name: context, text: description })),
        next: isLast ? undefined : { page: `${page + 1}` },
      };
    },
  };
}
