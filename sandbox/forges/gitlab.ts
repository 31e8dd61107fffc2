/** GitLab's pipelines and deployments: docs.gitlab.com/api/pipelines, /api/deployments, /api/rest (pagination, status codes), rate limits as gitlab.com sends them. */
import {
  bodyProblem,
  count,
  type ForgeApiOptions,
  type ForgePost,
  type ForgeReply,
  json,
  type RateLimit,
  secondsUntil,
  unknownKey,
} from "../forge-api.ts";
import { type BuildsApi, startBuildsApi } from "./builds.ts";
import { gitlabMergeRequests } from "./gitlab-merge-requests.ts";

const KNOWN = ["sha", "per_page", "page"];

interface GitlabDeployment {
  readonly id: number;
  readonly sha: string;
  readonly environment: string;
  status: string;
}

export function startGitlab(options: ForgeApiOptions = {}): Promise<BuildsApi> {
  const deployments: GitlabDeployment[] = [];

  function serveDeployments(url: URL): ForgeReply {
    const unknown = unknownKey(url, ["environment", "order_by", "sort", "per_page", "page"]);
    if (unknown !== undefined) return json(400, { error: `${unknown} does not have a valid value` });
    const found = deployments.filter(({ environment }) => environment === url.searchParams.get("environment"));
    return json(200, url.searchParams.get("sort") === "desc" ? found.toReversed() : found);
  }

  function write(path: string, body: ForgePost["body"], method: string, isKnown: (project: string) => boolean): ForgeReply | undefined {
    const [, project = "", id] = /^\/projects\/([^/]+)\/deployments(?:\/(\d+))?$/.exec(path) ?? [];
    if (!isKnown(decodeURIComponent(project))) return json(404, { message: "404 Project Not Found" });
    const status = { words: ["running", "success", "failed", "canceled"] };
    if (method === "POST" && id === undefined) {
      const problem = bodyProblem(body, { environment: { most: 255 }, sha: {}, ref: {}, tag: {}, status });
      if (problem !== undefined) return json(400, { error: problem });
      const made = {
        id: deployments.length + 1,
        sha: String(body.sha),
        environment: String(body.environment),
        status: String(body.status),
      };
      deployments.push(made);
      return json(201, made);
    }
    const before = deployments.find((one) => `${one.id}` === id);
    const problem = bodyProblem(body, { status });
    if (method !== "PUT" || !before || problem !== undefined) return json(400, { error: problem ?? "id is invalid" });
    // What has ended stays as it is.
    if (before.status !== "running") return json(400, { message: { status: ["cannot transition via this event"] } });
    before.status = String(body.status);
    return json(200, before);
  }

  return startBuildsApi(
    (buildsOf) => ({
      // A private project is not there for strangers.
      refuseLogin({ headers }, token) {
        const sent = headers["private-token"] ?? /^Bearer (.+)$/.exec(String(headers.authorization ?? ""))?.[1];
        if (token === undefined || sent === token) return undefined;
        return sent === undefined ? json(404, { message: "404 Project Not Found" }) : json(401, { message: "401 Unauthorized" });
      },
      limited: (limit) => ({
        status: 429,
        body: "Retry later\n",
        headers: { "retry-after": secondsUntil(limit), "content-type": "text/plain" },
      }),
      rateHeaders: ({ remaining, resetAt }: RateLimit) => ({
        "ratelimit-limit": "2000",
        "ratelimit-remaining": String(Math.max(0, remaining)),
        "ratelimit-reset": String(Math.ceil(resetAt.getTime() / 1_000)),
      }),
      write: (path, body, _url, method) => write(path, body, method, (project) => buildsOf(project) !== undefined),
      serve(path, url): ForgeReply {
        const [, of] = /^\/projects\/([^/]+)\/deployments$/.exec(path) ?? [];
        if (of !== undefined && buildsOf(decodeURIComponent(of))) return serveDeployments(url);
        // The project's path is one part of ours, its slashes encoded.
        const [, project] = /^\/projects\/([^/]+)\/pipelines$/.exec(path) ?? [];
        const buildsAt = buildsOf(decodeURIComponent(project ?? ""));
        if (!buildsAt) return json(404, { message: "404 Project Not Found" });
        const unknown = unknownKey(url, KNOWN);
        const [perPage, page] = [count(url, "per_page", 20), count(url, "page", 1)];
        const sha = url.searchParams.get("sha") ?? "";
        if (unknown !== undefined || !/^[0-9a-f]{40}$/.test(sha) || !(perPage <= 100) || !(page >= 1)) {
          return json(400, { error: `${unknown ?? "sha, per_page or page"} does not have a valid value` });
        }
        const all = buildsAt(sha);
        const next = page * perPage < all.length ? String(page + 1) : "";
        const body = all.slice((page - 1) * perPage, page * perPage).map(({ state }, index) => ({
          ...{ id: index + 1, iid: index + 1, project_id: 1, sha, ref: "main", status: state, source: "push" },
        }));
        return {
          status: 200,
          body: JSON.stringify(body),
          headers: { "x-page": String(page), "x-per-page": String(perPage), "x-next-page": next, "x-total": String(all.length) },
        };
      },
    }),
    gitlabMergeRequests,
    { basePath: "/api/v4", ...options },
  );
}
