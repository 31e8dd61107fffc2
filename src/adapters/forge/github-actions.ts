/** What GitHub Actions does with a commit. */
import { createHash } from "node:crypto";
import type { Dispatcher } from "undici";
import { z } from "zod";
import type { BuildState } from "../../core/ports.ts";
import type { Repository } from "../../core/types.ts";
import { escapeControl } from "../../text/escape.ts";
import { parseJson } from "../../text/parse-json.ts";
import { withoutLast } from "../../text/without-last.ts";
import { type HttpReply, request } from "../egress/http-request.ts";
import type { Forge } from "./forge.ts";
import { createRateLimits } from "./github-rate-limits.ts";
import { decideBuildState, parseRuns, type WorkflowRun } from "./github-runs.ts";

export interface GithubActionsOptions {
  readonly dispatcher: Dispatcher;
  /** `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise server. */
  readonly apiUrl: string;
  /** The git host that this API serves. */
  readonly gitHubHost: string;
  /** For all pages of one question. */
  readonly deadlineMs?: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

interface Question {
  /** `OWNER/REPOSITORY`, both encoded. */
  readonly name: string;
  readonly sha: string;
  readonly token: string;
  readonly tokenId: string;
}

/** 100 runs of 10 to 14 KB each would not fit into the most that is read of an answer. */
const PER_PAGE = 50;
const MOST_PAGES = 5;
const MOST_BYTES = 2 ** 20;

export function createGithubActions(options: GithubActionsOptions) {
  const { dispatcher, deadlineMs = 10_000, now = () => performance.now() } = options;
  const api = new URL(options.apiUrl);
  const limits = createRateLimits(now);

  async function ask(question: Question): Promise<BuildState> {
    const signal = AbortSignal.timeout(deadlineMs);
    const runs: WorkflowRun[] = [];
    // Newest first; a commit with more runs than these (a schedule on a quiet branch) is judged by them.
    for (let page = 1; page <= MOST_PAGES; page++) {
      const blockedMs = limits.blockedForMs(question.tokenId);
      if (blockedMs > 0) return limited(blockedMs);
      const answer = await request(dispatcher, pageOf(question, page), { signal, maxBytes: MOST_BYTES });
      const refusedMs = answer.kind === "answer" ? limits.learn(question.tokenId, answer) : undefined;
      if (refusedMs !== undefined) return limited(refusedMs);
      if (answer.kind === "failure")
        return unknown(`GitHub's API at ${api.host} ${answer.reason}; it is asked again at the next pass`, answer.shareOf);
      if (answer.status !== 200) return unknown(refusal(question.name, answer));
      const found = parseRuns(answer.text);
      if (!found) return unknown(`GitHub's API at ${api.host} sent no list of workflow runs; check GITHUB_API_URL`);
      // Old Enterprise servers don't know the filter.
      runs.push(...found.filter(({ head_sha }) => head_sha === question.sha));
      if (!/;\s*rel="?next"?/.test(String(answer.headers.link ?? ""))) break;
    }
    return { kind: decideBuildState(runs) };
  }

  /** The address of the next page is made here and not taken from the answer, so the token goes nowhere else. */
  function pageOf({ name, sha, token }: Question, page: number) {
    const url = new URL(api);
    url.pathname = `${withoutLast(api.pathname, "/")}/repos/${name}/actions/runs`;
    url.search = `${new URLSearchParams({ head_sha: sha, per_page: String(PER_PAGE), exclude_pull_requests: "true", ...(page > 1 ? { page: String(page) } : {}) })}`;
    const headers = {
      authorization: `Bearer ${token}`,
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
    };
    return { method: "GET" as const, url, headers };
  }

  const forge: Forge = {
    serves: (repository) => isOn(repository, options.gitHubHost),
    async state(repository, sha, tokenText) {
      const name = ownerAndName(repository);
      if (name === undefined) return unknown("gitops.operator.app_repository is no OWNER/REPOSITORY of GitHub; correct its path");
      const token = tokenText.trim();
      if (!/^[\x21-\x7e]+$/.test(token))
        return unknown("the GitHub token is empty or holds a character that no token has; recreate the field github-token of its Secret");
      const tokenId = createHash("sha256").update(token).digest("hex");
      return ask({ name, sha, token, tokenId });
    },
  };
  return { ...forge, rateRemaining: limits.remaining };
}

/** ssh.github.com is github.com on port 443, for networks that block 22. */
function isOn({ host, port }: Repository, gitHubHost: string): boolean {
  const served = gitHubHost.toLowerCase();
  return host === served || (served === "github.com" && host === "ssh.github.com" && port === 443);
}

/** Undefined for anything that could lead to another path of the API. */
function ownerAndName({ path }: Repository): string | undefined {
  const parts = path
    .replace(/^\//, "")
    .replace(/\/$/, "")
    .replace(/\.git$/i, "")
    .split("/");
  if (parts.length !== 2 || !parts.every((part) => /^[A-Za-z0-9_.-]{1,100}$/.test(part) && !/^\.\.?$/.test(part))) return undefined;
  return parts.map(encodeURIComponent).join("/");
}

function refusal(name: string, { status, text }: HttpReply): string {
  const http = `HTTP ${status}${said(text)}`;
  if (status >= 300 && status < 400)
    return `${name} has moved on GitHub (HTTP ${status}); write its new address into gitops.operator.app_repository`;
  if (status === 401)
    return `GitHub refuses the token (${http}): it is wrong, expired or revoked; put a valid one into the field github-token of its Secret`;
  if (status === 403) {
    return `GitHub does not let the token read the workflow runs of ${name} (${http}); give it the permission actions: read (classic tokens: scope repo), and authorise it for the organisation's SSO where there is one`;
  }
  if (status === 404) {
    return `GitHub shows the token no repository ${name} (${http}); check gitops.operator.app_repository, and give the token access to it with the permission actions: read`;
  }
  if (status >= 500) return `GitHub's API fails (HTTP ${status}); it is asked again at the next pass`;
  return `GitHub's API does not answer the question for ${name} (${http}); check GITHUB_API_URL`;
}

const refusalText = z.object({ message: z.string() });

/** GitHub's own words, which often name the missing permission. */
function said(text: string): string {
  const { data } = refusalText.safeParse(parseJson(text));
  return data?.message ? `: ${escapeControl(data.message.slice(0, 200))}` : "";
}

function limited(waitMs: number): BuildState {
  return unknown(
    `GitHub's rate limit for this token is used up; it is asked again in ${Math.ceil(waitMs / 1_000)} s (share the load over several tokens if this lasts)`,
  );
}

function unknown(reason: string, shareOf?: string): BuildState {
  return { kind: "unknown", reason, shareOf };
}
