/** Bitbucket Server's and Data Center's build statuses, by commit alone: developer.atlassian.com/server/bitbucket/rest (build status, paging). */
import { bodyProblem, type ForgeApiOptions, type ForgeReply, json, secondsUntil, unknownKey } from "../forge-api.ts";
import { bitbucketServerPulls } from "./bitbucket-server-pulls.ts";
import { type BuildsApi, startBuildsApi } from "./builds.ts";

/** Commits have no repository there: builds are set with this one. */
export const anyRepository = "";

export function startBitbucketServer(options: ForgeApiOptions = {}): Promise<BuildsApi> {
  return startBuildsApi(
    (buildsOf, put) => ({
      refuseLogin({ headers }, token) {
        if (token === undefined || headers.authorization === `Bearer ${token}`) return undefined;
        return refusal(401, "Authentication failed. Please check your credentials and try again.");
      },
      limited: (limit) => ({ ...refusal(429, "You have been rate limited."), headers: { "retry-after": secondsUntil(limit) } }),
      rateHeaders: ({ remaining }) => ({ "x-ratelimit-limit": "60", "x-ratelimit-remaining": String(Math.max(0, remaining)) }),
      write(path, body) {
        const [, sha] = /^\/build-status\/1\.0\/commits\/([0-9a-f]{40})$/.exec(path) ?? [];
        if (sha === undefined) return undefined;
        const problem = bodyProblem(body, {
          state: { words: ["INPROGRESS", "SUCCESSFUL", "FAILED", "CANCELLED", "UNKNOWN"] },
          ...{ key: { most: 255 }, url: { most: 450 }, name: { most: 255, optional: true }, description: { most: 255, optional: true } },
        });
        if (problem !== undefined) return refusal(400, problem);
        put(anyRepository, sha, { state: String(body.state), name: String(body.key), text: String(body.description) });
        return { status: 204 };
      },
      serve(path, url): ForgeReply {
        const [, sha] = /^\/build-status\/1\.0\/commits\/([0-9a-f]{40})$/.exec(path) ?? [];
        if (sha === undefined) return refusal(404, "HTTP 404 Not Found");
        const unknown = unknownKey(url, ["limit", "start", "orderBy"]);
        const [limit, start] = [Number(url.searchParams.get("limit") ?? 25), Number(url.searchParams.get("start") ?? 0)];
        if (unknown !== undefined || !(limit >= 1 && limit <= 100) || !(start >= 0))
          return refusal(400, `${unknown ?? "limit or start"} is wrong`);
        const all = buildsOf(anyRepository)?.(sha) ?? [];
        const values = all.slice(start, start + limit).map(({ state, name: key = "build", text: description = "" }) => ({
          ...{ state, key, name: key, description, url: "https://ci.example/1", dateAdded: 1 },
        }));
        const isLastPage = start + limit >= all.length;
        return json(200, {
          size: values.length,
          limit,
          isLastPage,
          values,
          start,
          ...(isLastPage ? {} : { nextPageStart: start + limit }),
        });
      },
    }),
    bitbucketServerPulls,
    { basePath: "/rest", ...options },
  );
}

function refusal(status: number, message: string): ForgeReply {
  return json(status, { errors: [{ context: null, message, exceptionName: null }] });
}
