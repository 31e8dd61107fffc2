/** The build statuses of a commit, of Pipelines and of others. https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/ */
import { z } from "zod";
import { parseJson } from "../../text/parse-json.ts";
import { type BuildWord, decideBuildState, wordOf } from "./build-state.ts";
import type { Forge, ForgeOptions } from "./forge.ts";
import { createForgeQuestions, listOf, partsOf, readToken, unknown } from "./forge-questions.ts";

const page = z.object({
  values: listOf(z.object({ key: z.string().nullish(), state: z.string() })),
  next: z.string().nullish(),
});

const states: Readonly<Record<string, BuildWord>> = {
  ...{ INPROGRESS: "running", SUCCESSFUL: "success", FAILED: "failed", STOPPED: "failed" },
};

export function createBitbucketCloud(options: ForgeOptions): Forge {
  const questions = createForgeQuestions("Bitbucket", options);
  const api = new URL(options.apiUrl);

  /** Its numbers of pages may be any text, so that of the address is taken, and nothing else. Undefined: it leads elsewhere. */
  function pageIn(next: string): string | undefined {
    const url = URL.parse(next);
    return url?.origin === api.origin ? (url.searchParams.get("page") ?? undefined) : undefined;
  }

  return {
    rateRemaining: questions.rateRemaining,
    async state(repository, sha, tokenText) {
      const parts = partsOf(repository.path);
      if (parts?.length !== 2) return unknown("gitops.operator.app_repository is no WORKSPACE/REPOSITORY of Bitbucket; correct its path");
      const name = parts.join("/");
      const read = readToken("Bitbucket", tokenText);
      if ("kind" in read) return read;
      const found = await questions.ask<BuildWord>({
        ...{ token: read.token, headers: { authorization: `Bearer ${read.token}` }, repository: name },
        path: `repositories/${name}/commit/${sha}/statuses`,
        query: { pagelen: "100" },
        what: "the build statuses",
        right: "the scope repository (read)",
        read({ text }) {
          const { data } = page.safeParse(parseJson(text));
          const number = data?.next ? pageIn(data.next) : undefined;
          if (!data || (data.next && number === undefined)) return undefined;
          return {
            items: data.values.map(({ state, key }) => wordOf(states, state, key)),
            next: number === undefined ? undefined : { page: number },
          };
        },
      });
      return found.kind === "unknown" ? found : decideBuildState(found.items);
    },
  };
}
