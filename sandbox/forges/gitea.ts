/** Gitea's and Forgejo's combined status: the servers' own /api/swagger, and their answers to strangers. */
import { bodyProblem, count, type ForgeApiOptions, type ForgeReply, json, unknownKey } from "../forge-api.ts";
import { type BuildsApi, startBuildsApi } from "./builds.ts";
import { giteaPulls } from "./gitea-pulls.ts";

/** `MAX_RESPONSE_ITEMS` of a server that nobody has set up otherwise. */
const MOST = 50;

/** `countsAll`: as newer servers do; older ones count the page alone. */
export function startGitea({ countsAll = true, ...options }: ForgeApiOptions & { readonly countsAll?: boolean } = {}): Promise<BuildsApi> {
  return startBuildsApi(
    (buildsOf, put) => ({
      refuseLogin({ headers }, token) {
        const sent = /^(?:token|Bearer) (.+)$/.exec(String(headers.authorization ?? ""))?.[1];
        if (token === undefined || sent === token) return undefined;
        return sent === undefined ? notFound() : json(401, { message: "user does not exist [uid: 0, name: ]", url: swagger });
      },
      // It has no limits of its own; a proxy before it has.
      limited: () => ({ status: 429, body: "", headers: {} }),
      rateHeaders: () => ({}),
      write(path, body) {
        const [, owner, name, sha = ""] = /^\/repos\/([^/]+)\/([^/]+)\/statuses\/([0-9a-f]{40})$/.exec(path) ?? [];
        if (!buildsOf(`${owner}/${name}`)) return undefined;
        const problem = bodyProblem(body, {
          state: { words: ["pending", "success", "error", "failure", "warning"] },
          ...{ context: { most: 255 }, description: { optional: true }, target_url: { optional: true } },
        });
        if (problem !== undefined) return json(422, { message: problem, url: swagger });
        put(`${owner}/${name}`, sha, { state: String(body.state), name: String(body.context), text: String(body.description) });
        return json(201, { id: 1, status: body.state, context: body.context });
      },
      serve(path, url): ForgeReply {
        const [, owner, name, sha] = /^\/repos\/([^/]+)\/([^/]+)\/commits\/([0-9a-f]{40})\/status$/.exec(path) ?? [];
        const buildsAt = buildsOf(`${owner}/${name}`);
        if (!buildsAt || sha === undefined) return notFound();
        const unknown = unknownKey(url, ["page", "limit"]);
        const [limit, page] = [Math.min(MOST, count(url, "limit", 30)), count(url, "page", 1)];
        if (unknown !== undefined || Number.isNaN(limit + page))
          return json(422, { message: `${unknown ?? "page or limit"} is wrong`, url: swagger });
        const all = buildsAt(sha);
        const part = all.slice((page - 1) * limit, page * limit);
        // Without any it is pending, and there is no list.
        if (all.length === 0) return json(200, { state: "pending", sha: "", total_count: 0, statuses: null, commit_url: "", url: "" });
        const statuses = part.map(({ state, name: context = "ci/build", text: description = "" }, index) => ({
          id: index + 1,
          status: state,
          context,
          description,
        }));
        return json(200, { state: "pending", sha, total_count: countsAll ? all.length : part.length, statuses });
      },
    }),
    giteaPulls,
    { basePath: "/api/v1", ...options },
  );
}

const swagger = "https://gitea.example/api/swagger";

function notFound(): ForgeReply {
  return json(404, { errors: [], message: "The target couldn't be found.", url: swagger });
}
