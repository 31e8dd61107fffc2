/** GitHub's pull requests: docs.github.com/rest/pulls/pulls, /rest/issues/labels, /graphql/reference/mutations; and what it passes over in silence. */
import { bodyProblem, type ForgeReply, json, unknownKey } from "../forge-api.ts";
import type { Pull, PullRoutes, Pulls } from "./pulls.ts";

const KNOWN = ["state", "head", "base", "sort", "direction", "per_page", "page"];

export function gitHubPulls(pulls: Pulls, methods: { allowed: readonly string[] }): PullRoutes {
  function told(name: string, pull: Pull): object {
    const id = pulls.repository(name)?.id ?? 0;
    const [owner = ""] = (pull.fork ?? name).split("/");
    const headId = pull.fork === undefined ? id : pull.fork === "" ? undefined : (pulls.repository(pull.fork)?.id ?? 999);
    const ended = "2026-01-01T00:00:00Z";
    return {
      ...{ number: pull.number, node_id: `PR_${name}_${pull.number}`, state: pull.state === "open" ? "open" : "closed", title: pull.title },
      ...{ body: pull.description, merged_at: pull.state === "merged" ? ended : null, locked: false, draft: false },
      html_url: `https://github.example/${name}/pull/${pull.number}`,
      head: { label: `${owner}:${pull.head}`, ref: pull.head, sha: pull.headSha, repo: headId === undefined ? null : { id: headId } },
      base: { ref: pull.base, sha: pulls.branch(name, pull.base), repo: { id, full_name: name } },
      auto_merge: pull.autoMerge ? { merge_method: "merge" } : null,
    };
  }

  function serve(path: string, url: URL): ForgeReply | undefined {
    const [, name = ""] = /^\/repos\/([^/]+\/[^/]+)\/pulls$/.exec(path) ?? [];
    if (!pulls.repository(name)) return undefined;
    const unknown = unknownKey(url, KNOWN);
    const value = (key: string) => url.searchParams.get(key);
    const state = value("state") ?? "open";
    if (unknown !== undefined || !["open", "closed", "all"].includes(state)) return refusal(422, `${unknown ?? "state"} is wrong`);
    // A head without a colon is no filter.
    const [, owner, branch] = /^([^:]*):(.*)$/.exec(value("head") ?? "") ?? [];
    const found = pulls.of(name).filter((one) => {
      if (pulls.ignoresFilters) return true;
      const isInState = state === "all" || (state === "open") === (one.state === "open");
      const isFromHead = owner === undefined || (one.head === branch && (one.fork ?? name).split("/")[0] === owner);
      return isInState && isFromHead && (value("base") ?? one.base) === one.base;
    });
    const perPage = Math.min(100, Number(value("per_page") ?? 30));
    const page = Number(value("page") ?? 1);
    const isNewestFirst = (value("direction") ?? "desc") === "desc";
    const part = (isNewestFirst ? found : found.toReversed()).slice((page - 1) * perPage, page * perPage);
    url.searchParams.set("page", `${page + 1}`);
    return json(
      200,
      part.map((one) => told(name, one)),
      page * perPage < found.length ? { link: `<${url}>; rel="next"` } : {},
    );
  }

  function write(path: string, body: Readonly<Record<string, unknown>>, _url: URL, method: string): ForgeReply | undefined {
    if (path === "/graphql") return graphql(body);
    const [, name = "", kind, number, rest = ""] = /^\/repos\/([^/]+\/[^/]+)\/(pulls|issues)(?:\/(\d+))?(\/[a-z]+)?$/.exec(path) ?? [];
    const pull = pulls.find(name, number);
    if (kind === undefined || !pulls.repository(name) || (number !== undefined && !pull)) return undefined;
    if (!pulls.mayWrite) return refusal(403, "Resource not accessible by personal access token");
    if (!pull) return method === "POST" && kind === "pulls" ? create(name, body) : undefined;
    if (kind === "issues" && rest === "/labels" && method === "POST") {
      if (!Array.isArray(body.labels)) return invalid("labels");
      pull.labels.push(...(body.labels as string[]));
      return json(
        200,
        pull.labels.map((label) => ({ name: label })),
      );
    }
    if (kind === "pulls" && rest === "/merge" && method === "PUT") return merge(pull, body);
    if (kind !== "pulls" || rest !== "" || method !== "PATCH") return undefined;
    const problem = bodyProblem(body, { title: { most: 256 }, body: { most: 65_536 } });
    if (problem !== undefined) return invalid(problem);
    pull.title = String(body.title);
    pull.description = String(body.body);
    return json(200, told(name, pull));
  }

  function create(name: string, body: Readonly<Record<string, unknown>>): ForgeReply {
    const problem = bodyProblem(body, { title: { most: 256 }, body: { most: 65_536, optional: true }, head: {}, base: {} });
    if (problem !== undefined) return invalid(problem);
    const { head, base } = body as Record<string, string>;
    switch (pulls.refusal(name, head, base)) {
      case "no head":
        return invalid("head", "invalid");
      case "no base":
        return invalid("base", "invalid");
      case "the same":
        return invalid(`No commits between ${base} and ${head}`);
      case "exists":
        return invalid(`A pull request already exists for ${name.split("/")[0]}:${head}.`);
    }
    const made = pulls.make(name, { head: head ?? "", base: base ?? "", title: String(body.title), description: String(body.body) });
    return json(201, told(name, made));
  }

  function merge(pull: Pull, body: Readonly<Record<string, unknown>>): ForgeReply {
    if (!pulls.mayMerge) return refusal(403, "Resource not accessible by personal access token");
    if (!methods.allowed.includes(String(body.merge_method))) return refusal(405, "Merge commits are not allowed on this repository.");
    if (body.sha !== pull.headSha) return refusal(409, "Head branch was modified. Review and try the merge again.");
    if (!pulls.isClean) return refusal(405, "Pull Request is not mergeable");
    pull.state = "merged";
    return json(200, { merged: true });
  }

  function graphql({ query, variables }: Readonly<Record<string, unknown>>): ForgeReply {
    const { id, method, ...others } = variables as Record<string, string>;
    const [, name = "", number] = /^PR_(.+)_(\d+)$/.exec(id ?? "") ?? [];
    const pull = pulls.find(name, number);
    const failed = (message: string, type = "UNPROCESSABLE") =>
      json(200, { data: { enablePullRequestAutoMerge: null }, errors: [{ type, message }] });
    if (
      !/^mutation\(.*enablePullRequestAutoMerge\(input: \{pullRequestId: \$id, mergeMethod: \$method\}\)/.test(String(query)) ||
      Object.keys(others).length > 0
    ) {
      return json(200, { errors: [{ message: "Parse error" }] });
    }
    if (!pull) return failed(`Could not resolve to a node with the global id of '${id}'`, "NOT_FOUND");
    if (!pulls.mayWrite || !pulls.mayMerge) return failed("Resource not accessible by personal access token", "FORBIDDEN");
    if (pulls.isClean) return failed("Pull request Pull request is in clean status");
    if (!methods.allowed.includes(String(method).toLowerCase())) return failed(`Merge method ${method} is not allowed on this repository`);
    if (pulls.notYet > 0) return failed("Pull request Auto merge is not allowed for this repository");
    pull.autoMerge = true;
    return json(200, { data: { enablePullRequestAutoMerge: { clientMutationId: null } } });
  }

  return { serve, write };
}

function invalid(what: string, code = "custom"): ForgeReply {
  const error = code === "custom" ? { resource: "PullRequest", code, message: what } : { resource: "PullRequest", field: what, code };
  return json(422, { message: "Validation Failed", errors: [error], documentation_url: "https://docs.github.com/rest/pulls/pulls" });
}

function refusal(status: number, message: string): ForgeReply {
  return json(status, { message, documentation_url: "https://docs.github.com/rest", status: `${status}` });
}
