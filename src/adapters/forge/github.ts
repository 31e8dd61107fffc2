/** What GitHub Actions does with a commit; where no run is for it, what others (Jenkins, Buildkite) say by commit statuses. */
import { z } from "zod";
import type { ForgeLogin } from "../../core/ports.ts";
import type { Repository } from "../../core/types.ts";
import { parseJson } from "../../text/parse-json.ts";
import { type AppAsker, type Asked, partsOf, type RepositoryAnnotation, readToken } from "./asked.ts";
import { type BuildWord, decideBuildState } from "./build-state.ts";
import { createCommitStatuses, type StatusKind, type StatusList } from "./commit-statuses.ts";
import type { Forge, ForgeOptions } from "./forge.ts";
import { createForgeQuestions, type ForgeQuestion, hasNextLink, listOf, type Unknown, unknown } from "./forge-questions.ts";
import { createGithubDeployments } from "./github-deployments.ts";
import { createGithubProposals } from "./github-proposals.ts";

/** 100 runs of 10 to 14 KB each would not fit into the most that is read of an answer. */
const RUNS_PER_PAGE = "50";
const STATUSES_PER_PAGE = "100";

const runs = z.object({
  workflow_runs: listOf(z.object({ head_sha: z.string(), status: z.string().nullish(), conclusion: z.string().nullish() })),
});
const statusPage = z.object({
  statuses: listOf(z.object({ state: z.string(), context: z.string().nullish(), description: z.string().nullish() })),
});

type WorkflowRun = z.infer<typeof runs>["workflow_runs"][number];

/** Ends of a run. One that waits for somebody's approval (`action_required`) has not failed. */
const conclusions: Readonly<Record<string, BuildWord>> = {
  ...{ failure: "failed", timed_out: "failed", cancelled: "failed", startup_failure: "failed" },
  ...{ skipped: "nothing", stale: "nothing" },
};
const states: Readonly<Record<string, BuildWord>> = { pending: "running", success: "success", failure: "failed", error: "failed" };

const words = { pending: "pending", success: "success", failure: "failure", error: "error" };

/** A token may be without the right to statuses, which are not needed where GitHub Actions builds. */
const WITHOUT_STATUSES = [403, 404, 422];

const kind: Omit<StatusKind, "askedOf"> = {
  ...{ what: "the commit statuses", states, words, list: statusesOf },
  write: ({ repository }, { sha, url }) => ({
    path: `repos/${repository}/statuses/${sha}`,
    query: {},
    right: "the permission commit statuses: write",
    appRight: "statuses:write",
    body: ({ state, name, text }) => ({ state, context: name, description: text, ...(url !== undefined && { target_url: url }) }),
  }),
};

/** `apiUrl`: `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise server. */
export function createGithub(options: ForgeOptions): Forge {
  const questions = createForgeQuestions("GitHub", options, "GITHUB_API_URL and FORGES");
  const { apps } = options;
  const statuses = createCommitStatuses(questions, { ...kind, askedOf });
  const reports = { status: statuses.reports, deployment: createGithubDeployments(questions, askedOf) };
  return {
    rateRemaining: questions.rateRemaining,
    async state(repository, sha, login) {
      const asked = askedOf(repository, login);
      if ("kind" in asked) return asked;
      const found = await questions.ask({ ...asked, ...runsOf(asked.repository, sha) });
      if (found.kind === "unknown") return found;
      const state = decideBuildState(found.items);
      if (state.kind !== "none") return state;
      const others = await statuses.stateOf(asked, sha);
      return "status" in others && WITHOUT_STATUSES.includes(others.status ?? 0) ? state : others;
    },
    proposals: createGithubProposals(questions, askedOf, options),
    reports: {
      last: (place, login) => reports[place.form].last(place, login),
      post: (place, report, login) => reports[place.form].post(place, report, login),
    },
  };

  function askedOf(at: Repository, login: ForgeLogin, annotation: RepositoryAnnotation = "app_repository"): Asked | Unknown {
    const parts = partsOf(at.path);
    if (parts?.length !== 2) return unknown(`gitops.operator.${annotation} is no OWNER/REPOSITORY of GitHub; correct its path`);
    const repository = parts.join("/");
    const headers = { accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" };
    if (typeof login !== "string" && apps) {
      const app: AppAsker = {
        token: (right, signal, refused) => apps.token(login, at, right, signal, refused),
        use: () => apps.use(login, at),
      };
      return { headers, token: login.id, app, repository };
    }
    const read = readToken("GitHub", login);
    if ("kind" in read) return read;
    return { headers: { ...headers, authorization: `Bearer ${read.token}` }, token: read.token, repository };
  }
}

function runsOf(name: string, sha: string): Omit<ForgeQuestion<BuildWord>, keyof Asked> {
  return {
    path: `repos/${name}/actions/runs`,
    query: { head_sha: sha, per_page: RUNS_PER_PAGE, exclude_pull_requests: "true" },
    what: "the workflow runs",
    right: "the permission actions: read (classic tokens: scope repo), and authorise it for the organisation's SSO where there is one",
    appRight: "actions:read",
    read(reply, page) {
      const found = parseRuns(reply.text);
      // Old Enterprise servers don't know the filter.
      const items = found?.filter(({ head_sha }) => head_sha === sha).map(wordOfRun);
      return items && { items, next: hasNextLink(reply.headers) ? { page: `${page + 1}` } : undefined };
    },
  };
}

function statusesOf({ repository }: Asked, sha: string): StatusList {
  return {
    path: `repos/${repository}/commits/${sha}/status`,
    query: { per_page: STATUSES_PER_PAGE },
    right: "the permission commit statuses: read",
    appRight: "statuses:read",
    read(reply, page) {
      const { data } = statusPage.safeParse(parseJson(reply.text));
      const items = data?.statuses.map(({ state, context, description }) => ({ state, name: context, text: description }));
      return items && { items, next: hasNextLink(reply.headers) ? { page: `${page + 1}` } : undefined };
    },
  };
}

/** Undefined: not JSON, or no list of runs. */
export function parseRuns(text: string): readonly WorkflowRun[] | undefined {
  return runs.safeParse(parseJson(text)).data?.workflow_runs;
}

/** Whatever GitHub may add to `queued`, `waiting`, `pending` and `requested` has not ended. */
function wordOfRun({ status, conclusion }: WorkflowRun): BuildWord {
  if (status !== "completed") return status === "in_progress" ? "running" : "queued";
  return Object.hasOwn(conclusions, conclusion ?? "") ? (conclusions[conclusion ?? ""] as BuildWord) : "success";
}
