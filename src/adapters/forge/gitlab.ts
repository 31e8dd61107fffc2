/** The pipelines of a commit, those that other CI systems report among them. https://docs.gitlab.com/api/pipelines/ */
import { z } from "zod";
import { parseJson } from "../../text/parse-json.ts";
import { askedByPath } from "./asked.ts";
import { type BuildWord, decideBuildState, wordOf } from "./build-state.ts";
import type { Forge, ForgeOptions } from "./forge.ts";
import { createForgeQuestions, listOf } from "./forge-questions.ts";
import { createGitlabDeployments } from "./gitlab-deployments.ts";
import { createGitlabProposals } from "./gitlab-proposals.ts";

const PER_PAGE = "100";

const pipelines = listOf(z.object({ sha: z.string(), status: z.string() }));

const states: Readonly<Record<string, BuildWord>> = {
  ...{ created: "queued", waiting_for_resource: "queued", preparing: "queued", pending: "queued", scheduled: "queued" },
  ...{ waiting_for_callback: "queued", running: "running", canceling: "running" },
  ...{ success: "success", failed: "failed", canceled: "failed" },
  // Nobody may ever start what waits for somebody.
  ...{ skipped: "nothing", manual: "nothing" },
};

const askedOf = askedByPath("GitLab", { form: "GROUP/PROJECT", isDeep: true, headers: (token) => ({ "private-token": token }) });

export function createGitlab(options: ForgeOptions): Forge {
  const questions = createForgeQuestions("GitLab", options);
  return {
    rateRemaining: questions.rateRemaining,
    async state(repository, sha, login) {
      const asked = askedOf(repository, login);
      if ("kind" in asked) return asked;
      const found = await questions.ask<BuildWord>({
        ...asked,
        path: `projects/${encodeURIComponent(asked.repository)}/pipelines`,
        query: { sha, per_page: PER_PAGE },
        what: "the pipelines",
        right: "the scope read_api and the role Reporter, and see that CI/CD is on in the project",
        read({ text, headers }) {
          const { data } = pipelines.safeParse(parseJson(text));
          const page = headers["x-next-page"];
          return (
            data && {
              items: data.filter((one) => one.sha === sha).map(({ status }) => wordOf(states, status, undefined)),
              next: typeof page === "string" && /^\d{1,6}$/.test(page) ? { page } : undefined,
            }
          );
        },
      });
      return found.kind === "unknown" ? found : decideBuildState(found.items);
    },
    reports: createGitlabDeployments(questions, askedOf),
    proposals: createGitlabProposals(questions, askedOf, options),
  };
}
