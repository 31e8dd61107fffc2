/** The build statuses of a commit, which a server (Data Center too) keeps by the SHA alone. https://developer.atlassian.com/server/bitbucket/rest/ */
import { z } from "zod";
import { formatRepository } from "../../core/repository.ts";
import { parseJson } from "../../text/parse-json.ts";
import { type BuildWord, decideBuildState, wordOf } from "./build-state.ts";
import type { Forge, ForgeOptions } from "./forge.ts";
import { createForgeQuestions, listOf, readToken } from "./forge-questions.ts";

const page = z.object({
  values: listOf(z.object({ key: z.string().nullish(), state: z.string() })),
  isLastPage: z.boolean(),
  nextPageStart: z.int().nonnegative().nullish(),
});

const states: Readonly<Record<string, BuildWord>> = {
  ...{ INPROGRESS: "running", SUCCESSFUL: "success", FAILED: "failed", CANCELLED: "failed", UNKNOWN: "nothing" },
};

export function createBitbucketServer(options: ForgeOptions): Forge {
  const questions = createForgeQuestions("Bitbucket Server", options);
  return {
    rateRemaining: questions.rateRemaining,
    async state(repository, sha, tokenText) {
      const read = readToken("Bitbucket Server", tokenText);
      if ("kind" in read) return read;
      const found = await questions.ask<BuildWord>({
        ...{ token: read.token, headers: { authorization: `Bearer ${read.token}` }, repository: formatRepository(repository) },
        path: `commits/${sha}`,
        query: { limit: "100" },
        what: "the build statuses",
        right: "the permission project read",
        read({ text }) {
          const { data } = page.safeParse(parseJson(text));
          if (!data || (!data.isLastPage && typeof data.nextPageStart !== "number")) return undefined;
          return {
            items: data.values.map(({ state, key }) => wordOf(states, state, key)),
            next: data.isLastPage ? undefined : { start: `${data.nextPageStart}` },
          };
        },
      });
      return found.kind === "unknown" ? found : decideBuildState(found.items);
    },
  };
}
