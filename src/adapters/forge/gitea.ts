/** The newest status of each context, of Gitea's and Forgejo's own Actions too. Both are asked alike: `/api/swagger` of each. */
import { z } from "zod";
import { parseJson } from "../../text/parse-json.ts";
import { type BuildWord, decideBuildState, wordOf } from "./build-state.ts";
import type { Forge, ForgeOptions } from "./forge.ts";
import { createForgeQuestions, hasNextLink, listOf, partsOf, readToken, unknown } from "./forge-questions.ts";

/** The most that a server sends unless it is set up for more. */
const PER_PAGE = 50;

/** Its `state` is not looked at: it says pending where there is no status at all. Without any, `statuses` is null. */
const combined = z.object({
  total_count: z.number().nullish(),
  statuses: listOf(z.object({ status: z.string(), context: z.string().nullish() })).nullish(),
});

const states: Readonly<Record<string, BuildWord>> = {
  ...{ pending: "running", success: "success", warning: "success", failure: "failed", error: "failed", skipped: "nothing" },
};

export function createGitea(options: ForgeOptions): Forge {
  const questions = createForgeQuestions("Gitea", options);
  return {
    rateRemaining: questions.rateRemaining,
    async state(repository, sha, tokenText) {
      const parts = partsOf(repository.path);
      if (parts?.length !== 2) return unknown("gitops.operator.app_repository is no OWNER/REPOSITORY of Gitea; correct its path");
      const name = parts.join("/");
      const read = readToken("Gitea", tokenText);
      if ("kind" in read) return read;
      let seen = 0;
      const found = await questions.ask<BuildWord>({
        ...{ token: read.token, headers: { authorization: `token ${read.token}` }, repository: name },
        path: `repos/${name}/commits/${sha}/status`,
        query: { page: "1", limit: `${PER_PAGE}` },
        what: "the commit statuses",
        right: "the scope read:repository",
        read({ text, headers }, page) {
          // Servers before 1.15 send nothing at all where there is no status.
          const { data } = combined.safeParse(text === "" ? { total_count: 0 } : parseJson(text));
          if (!data || (!data.statuses && data.total_count !== 0)) return undefined;
          const statuses = data.statuses ?? [];
          seen += statuses.length;
          const isLast = statuses.length === 0 || ((data.total_count ?? 0) <= seen && statuses.length < PER_PAGE && !hasNextLink(headers));
          return {
            items: statuses.map(({ status, context }) => wordOf(states, status, context)),
            next: isLast ? undefined : { page: `${page + 1}` },
          };
        },
      });
      return found.kind === "unknown" ? found : decideBuildState(found.items);
    },
  };
}
