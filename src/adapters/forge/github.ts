/** What GitHub Actions does with a commit; where no run is for it, what others (Jenkins, Buildkite) say by commit statuses. */
import { z } from "zod";
import type { Repository } from "../../core/types.ts";
import { parseJson } from "../../text/parse-json.ts";
import { type BuildWord, decideBuildState } from "./build-state.ts";
import { createCommitStatuses, type StatusKind, type StatusList } from "./commit-statuses.ts";
import type { Forge, ForgeOptions } from "./forge.ts";
import {
  type Asked,
  createForgeQuestions,
  type ForgeQuestion,
  hasNextLink,
  listOf,
  partsOf,
  readToken,
  type Unknown,
  unknown,
} from "./forge-questions.ts";
import { createGithubDeployments } from "./github-deployments.ts";

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

const kind: StatusKind = {
  ...{ what: "the commit statuses", states, words, askedOf, list: statusesOf },
  write: ({ repository }, { sha, url }) => ({
    path: `repos/${repository}/statuses/${sha}`,
    query: {},
    right: "the permission commit statuses: write",
    body: ({ state, name, text }) => ({ state, context: name, description: text, ...(url !== undefined && { target_url: url }) }),
  }),
};

/** `apiUrl`: `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise server. */
export function createGithub(options: ForgeOptions): Forge {
  const questions = createForgeQuestions("GitHub", options, "GITHUB_API_URL and FORGES");
  const statuses = createCommitStatuses(questions, kind);
  const reports = { status: statuses.reports, deployment: createGithubDeployments(questions, askedOf) };
  return {
    rateRemaining: questions.rateRemaining,
    async state(repository, sha, tokenText) {
      const asked = askedOf(repository, tokenText);
      if ("kind" in asked) return asked;
      const found = await questions.ask({ ...asked, ...runsOf(asked.repository, sha) });
      if (found.kind === "unknown") return found;
      const state = decideBuildState(found.items);
      if (state.kind !== "none") return state;
      const others = await statuses.stateOf(asked, sha);
      return "status" in others && WITHOUT_STATUSES.includes(others.status ?? 0) ? state : others;
    },
    reports: {
      last: (place, token) => reports[place.form].last(place, token),
      post: (place, report, token) => reports[place.form].post(place, report, token),
    },
  };
}

function askedOf({ path }: Repository, tokenText: string): Asked | Unknown {
  const parts = partsOf(path);
  if (parts?.length !== 2) return unknown("gitops.operator.app_repository is no OWNER/REPOSITORY of GitHub; correct its path");
  const read = readToken("GitHub", tokenText);
  if ("kind" in read) return read;
  const headers = {
    authorization: `Bearer ${read.token}`,
    accept: "application/vnd.github+json",
    "x-github-api-version": "2022-11-28",
  };
  return { headers, token: read.token, repository: parts.join("/") };
}

function runsOf(name: string, sha: string): Omit<ForgeQuestion<BuildWord>, keyof Asked> {
  return {
    path: `repos/${name}/actions/runs`,
    query: { head_sha: sha, per_page: RUNS_PER_PAGE, exclude_pull_requests: "true" },
    what: "the workflow runs",
    right: "the permission actions: read (classic tokens: scope repo), and authorise it for the organisation's SSO where there is one",
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
