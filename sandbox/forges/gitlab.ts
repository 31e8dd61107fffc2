/** GitLab's list of pipelines: docs.gitlab.com/api/pipelines, /api/rest (pagination, status codes), rate limits as gitlab.com sends them. */
import { count, type ForgeApiOptions, type ForgeReply, json, type RateLimit, secondsUntil, unknownKey } from "../forge-api.ts";
import { type BuildsApi, startBuildsApi } from "./builds.ts";

const KNOWN = ["sha", "per_page", "page"];

export function startGitlab(options: ForgeApiOptions = {}): Promise<BuildsApi> {
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
      serve(path, url): ForgeReply {
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
    { basePath: "/api/v4", ...options },
  );
}
