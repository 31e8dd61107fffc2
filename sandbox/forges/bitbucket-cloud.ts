/** Bitbucket Cloud's build statuses: developer.atlassian.com/cloud/bitbucket/rest (commit statuses, pagination, errors). */
import { bodyProblem, count, type ForgeApiOptions, type ForgeReply, json, unknownKey } from "../forge-api.ts";
import { bitbucketCloudPulls } from "./bitbucket-cloud-pulls.ts";
import { type BuildsApi, startBuildsApi } from "./builds.ts";

export function startBitbucketCloud(options: ForgeApiOptions = {}): Promise<BuildsApi> {
  return startBuildsApi(
    (buildsOf, put) => ({
      refuseLogin({ headers }, token) {
        const sent = headers.authorization;
        if (token === undefined || sent === `Bearer ${token}`) return undefined;
        if (sent === undefined) return refusal(403, "Access denied. You must have read access to this repository.");
        return refusal(401, "Token is invalid, expired, or not supported for this endpoint.");
      },
      limited: () => refusal(429, "Rate limit for this resource has been exceeded"),
      // It tells no time of the reset.
      rateHeaders: ({ remaining }) => ({ "x-ratelimit-limit": "1000", "x-ratelimit-nearlimit": String(remaining < 200) }),
      write(path, body) {
        const [, workspace, slug, sha = ""] =
          /^\/repositories\/([^/]+)\/([^/]+)\/commit\/([0-9a-f]{40})\/statuses\/build$/.exec(path) ?? [];
        if (!buildsOf(`${workspace}/${slug}`)) return undefined;
        const problem = bodyProblem(body, {
          state: { words: ["INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED"] },
          ...{ key: { most: 40 }, url: {}, name: { most: 255, optional: true }, description: { most: 255, optional: true } },
        });
        if (problem !== undefined) return refusal(400, problem);
        put(`${workspace}/${slug}`, sha, { state: String(body.state), name: String(body.key), text: String(body.description) });
        return json(201, { type: "build", key: body.key });
      },
      serve(path, url): ForgeReply {
        const [, workspace, slug, sha] = /^\/repositories\/([^/]+)\/([^/]+)\/commit\/([0-9a-f]{40})\/statuses$/.exec(path) ?? [];
        const buildsAt = buildsOf(`${workspace}/${slug}`);
        if (!buildsAt || sha === undefined) {
          return refusal(404, "You may not have access to this repository or it no longer exists in this workspace.");
        }
        const unknown = unknownKey(url, ["pagelen", "page"]);
        const [pagelen, page] = [count(url, "pagelen", 10), count(url, "page", 1)];
        if (unknown !== undefined || !(pagelen <= 100) || !(page >= 1)) return refusal(400, `Invalid ${unknown ?? "pagelen or page"}`);
        const all = buildsAt(sha);
        const values = all.slice((page - 1) * pagelen, page * pagelen).map(({ state, name: key = "build", text: description = "" }) => ({
          ...{ type: "build", key, state, name: key, description, url: "https://ci.example/1" },
        }));
        url.searchParams.set("page", String(page + 1));
        const next = page * pagelen < all.length ? { next: url.href } : {};
        return json(200, { pagelen, values, page, size: all.length, ...next });
      },
    }),
    bitbucketCloudPulls,
    { basePath: "/2.0", ...options },
  );
}

function refusal(status: number, message: string): ForgeReply {
  return json(status, { type: "error", error: { message } });
}
