/** Bitbucket Server's and Data Center's pull requests: developer.atlassian.com/server/bitbucket/rest (pull requests; errors). */
import { bodyProblem, type ForgeReply, json, unknownKey } from "../forge-api.ts";
import type { Pull, PullRoutes, Pulls } from "./pulls.ts";

const STATES = { open: "OPEN", merged: "MERGED", declined: "DECLINED" };
const repositoryPath = /^\/api\/1\.0\/projects\/([^/]+)\/repos\/([^/]+)\/pull-requests(?:\/(\d+))?$/;

export function bitbucketServerPulls(pulls: Pulls): PullRoutes {
  function told(name: string, pull: Pull): object {
    const [key, slug] = name.split("/");
    const end = (branch: string, of: string, latestCommit: string) => ({
      ...{ id: `refs/heads/${branch}`, displayId: branch, latestCommit },
      repository: { slug, id: pulls.repository(of)?.id ?? 999, project: { key } },
    });
    return {
      ...{
        id: pull.number,
        version: pull.version,
        title: pull.title,
        state: STATES[pull.state],
        open: pull.state === "open",
        locked: false,
      },
      // Without a description there is no field.
      ...(pull.description === null ? {} : { description: pull.description }),
      ...{ fromRef: end(pull.head, pull.fork ?? name, pull.headSha), toRef: end(pull.base, name, "") },
      reviewers: (pull.reviewers ?? []).map((one) => ({ user: { name: one, id: 1 }, role: "REVIEWER", approved: false })),
      links: { self: [{ href: `https://bbs.example/projects/${key}/repos/${slug}/pull-requests/${pull.number}` }] },
    };
  }

  function serve(path: string, url: URL): ForgeReply | undefined {
    const [, key, slug, number] = repositoryPath.exec(path) ?? [];
    const name = `${key}/${slug}`;
    if (!pulls.repository(name)) return undefined;
    if (number !== undefined) {
      const pull = pulls.find(name, number);
      return pull ? json(200, told(name, pull)) : refusal(404, `Pull request ${number} does not exist`, "pull.NoSuchPullRequestException");
    }
    const value = (one: string) => url.searchParams.get(one);
    const unknown = unknownKey(url, ["state", "at", "direction", "order", "limit", "start"]);
    const [limit, start, at, state] = [Number(value("limit") ?? 25), Number(value("start") ?? 0), value("at"), value("state") ?? "OPEN"];
    if (unknown !== undefined || !(limit >= 1 && start >= 0) || !["OPEN", "DECLINED", "MERGED", "ALL"].includes(state)) {
      return refusal(400, `${unknown ?? "state, limit or start"} is wrong`);
    }
    const isOutgoing = value("direction") === "OUTGOING";
    const found = pulls.of(name).filter((one) => {
      if (pulls.ignoresFilters) return true;
      const isAt = at === null || at === `refs/heads/${isOutgoing ? one.head : one.base}`;
      return isAt && (!isOutgoing || one.fork === undefined) && (state === "ALL" || state === STATES[one.state]);
    });
    const sorted = value("order") === "OLDEST" ? found.toReversed() : found;
    const values = sorted.slice(start, start + limit).map((one) => told(name, one));
    const isLastPage = start + limit >= found.length;
    return json(200, { size: values.length, limit, isLastPage, values, start, ...(isLastPage ? {} : { nextPageStart: start + limit }) });
  }

  function write(path: string, body: Readonly<Record<string, unknown>>, _url: URL, method: string): ForgeReply | undefined {
    const [, key, slug, number] = repositoryPath.exec(path) ?? [];
    const name = `${key}/${slug}`;
    if (!pulls.repository(name)) return undefined;
    // It says so of a token that is right.
    if (!pulls.mayWrite) return refusal(401, "You are not permitted to access this resource", "AuthorisationException");
    if (number === undefined) return method === "POST" ? create(name, body) : undefined;
    const pull = pulls.find(name, number);
    const problem = bodyProblem(body, { version: {}, title: { most: 255 }, description: { most: 32_768 }, reviewers: { optional: true } });
    if (method !== "PUT" || !pull || problem !== undefined) return refusal(400, problem ?? "Bad request");
    if (body.version !== pull.version) {
      const message = "You are attempting to modify a pull request based on out-of-date information.";
      return refusal(409, message, "pull.PullRequestOutOfDateException");
    }
    pull.title = String(body.title);
    pull.description = String(body.description);
    pull.reviewers = ((body.reviewers ?? []) as { user: { name: string } }[]).map(({ user }) => user.name);
    pull.version += 1;
    return json(200, told(name, pull));
  }

  function create(name: string, body: Readonly<Record<string, unknown>>): ForgeReply {
    const problem = bodyProblem(body, { title: { most: 255 }, description: { most: 32_768, optional: true }, fromRef: {}, toRef: {} });
    if (problem !== undefined) return refusal(400, problem);
    const branchOf = (end: unknown) => {
      const { id = "", repository } = end as { id?: string; repository?: { slug?: string; project?: { key?: string } } };
      return `${repository?.project?.key}/${repository?.slug}` === name && id.startsWith("refs/heads/")
        ? id.slice("refs/heads/".length)
        : "";
    };
    const [head, base] = [branchOf(body.fromRef), branchOf(body.toRef)];
    switch (pulls.refusal(name, head, base)) {
      case "no head":
        return refusal(404, `Commit 'refs/heads/${head}' does not exist in repository`, "commit.NoSuchCommitException");
      case "no base":
        return refusal(404, `Commit 'refs/heads/${base}' does not exist in repository`, "commit.NoSuchCommitException");
      case "the same":
        return refusal(
          409,
          "There are no changes to be merged: the target branch is up-to-date with the source",
          "pull.EmptyPullRequestException",
        );
      case "exists":
        return refusal(409, "Only one pull request may be open for a given source and target branch", "pull.DuplicatePullRequestException");
    }
    return json(201, told(name, pulls.make(name, { head, base, title: String(body.title), description: String(body.description) })));
  }

  return { serve, write };
}

function refusal(status: number, message: string, exception?: string): ForgeReply {
  const exceptionName = exception === undefined ? null : `com.atlassian.bitbucket.${exception}`;
  return json(status, { errors: [{ context: null, message, exceptionName }] });
}
