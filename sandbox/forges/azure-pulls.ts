/** Azure DevOps' pull requests: learn.microsoft.com/rest/api/azure/devops/git/pull-requests, /pull-request-labels; its lists tell 400 characters of a description. */
import { bodyProblem, count, type ForgeReply, json, unknownKey } from "../forge-api.ts";
import type { Pull, PullRoutes, Pulls } from "./pulls.ts";

const STATES = { open: "active", merged: "completed", declined: "abandoned" };
const pullsPath = /^\/([^/]+)\/([^/]+)\/_apis\/git\/repositories\/([^/]+)\/pullrequests(?:\/(\d+)(\/labels)?)?$/;
const criteria = ["status", "sourceRefName", "targetRefName"].map((one) => `searchCriteria.${one}`);
const AUTHOR = "d6245f20-2af8-44f4-9451-8107cb2767db";

export function azurePulls(pulls: Pulls): PullRoutes {
  function told(name: string, pull: Pull, mostDescription = Number.POSITIVE_INFINITY): object {
    const [, project, repository] = name.split("/");
    return {
      ...{ pullRequestId: pull.number, title: pull.title, status: STATES[pull.state], isDraft: false, createdBy: { id: AUTHOR } },
      // Without a description there is no field.
      ...(pull.description === null ? {} : { description: pull.description.slice(0, mostDescription) }),
      ...{ sourceRefName: `refs/heads/${pull.head}`, targetRefName: `refs/heads/${pull.base}` },
      repository: { id: `${pulls.repository(name)?.id}`, name: repository, project: { name: project } },
      lastMergeSourceCommit: { commitId: pull.headSha },
      ...(pull.fork === undefined ? {} : { forkSource: { repository: { id: pull.fork } } }),
      ...(pull.autoMerge && { autoCompleteSetBy: { id: AUTHOR } }),
      url: `https://dev.azure.com/_apis/git/repositories/1/pullRequests/${pull.number}`,
    };
  }

  function at(path: string) {
    const [, organisation, project, repository, number, rest = ""] = pullsPath.exec(path) ?? [];
    const name = [organisation, project, repository].map((part) => decodeURIComponent(part ?? "")).join("/");
    return pulls.repository(name) && { name, number, rest };
  }

  function serve(path: string, url: URL): ForgeReply | undefined {
    const found = at(path);
    if (!found) return undefined;
    const { name, number } = found;
    const unknown = unknownKey(url, number === undefined ? ["api-version", "$top", "$skip", ...criteria] : ["api-version"]);
    const [top, skip] = [count(url, "$top", 101), count(url, "$skip", 0)];
    const [status = "active", source, target] = criteria.map((one) => url.searchParams.get(one) ?? undefined);
    const isStatus = ["active", "abandoned", "completed", "all", "notSet"].includes(status);
    if (unknown !== undefined || !isStatus || url.searchParams.get("api-version") !== "7.1" || Number.isNaN(top + skip)) {
      return refusal(400, `${unknown ?? "status, api-version, $top or $skip"} is wrong`);
    }
    if (number !== undefined) {
      const pull = pulls.find(name, number);
      return pull ? json(200, told(name, pull)) : refusal(404, `TF401180: The requested pull request was not found.`);
    }
    const isAt = (ref: string | undefined, branch: string) => ref === undefined || ref === `refs/heads/${branch}`;
    const all = pulls.of(name).filter((one) => {
      const isStatus = status === "all" || status === STATES[one.state];
      return pulls.ignoresFilters || (isStatus && isAt(source, one.head) && isAt(target, one.base));
    });
    const value = all.slice(skip, skip + top).map((one) => told(name, one, 400));
    return json(200, { value, count: value.length });
  }

  function write(path: string, body: Readonly<Record<string, unknown>>, url: URL, method: string): ForgeReply | undefined {
    const found = at(path);
    if (!found) return undefined;
    const { name, number, rest } = found;
    if (url.searchParams.get("api-version") !== "7.1") return refusal(400, "No api-version was supplied");
    if (!pulls.mayWrite) return refusal(403, "TF401027: You need the Git 'PullRequestContribute' permission to perform this action.");
    if (number === undefined) return method === "POST" ? create(name, body) : undefined;
    const pull = pulls.find(name, number);
    if (!pull) return refusal(404, "TF401180: The requested pull request was not found.");
    if (rest !== "") {
      const problem = bodyProblem(body, { name: {} });
      if (method !== "POST" || problem !== undefined) return refusal(400, problem ?? "Bad request");
      pull.labels.push(String(body.name));
      return json(200, { id: "1", name: body.name, active: true });
    }
    if (method !== "PATCH") return undefined;
    const texts = { title: { most: 400, optional: true }, description: { most: 4_000, optional: true } } as const;
    const problem = bodyProblem(body, { ...texts, autoCompleteSetBy: { optional: true } });
    if (problem !== undefined) return refusal(400, problem);
    if (body.autoCompleteSetBy !== undefined) {
      if (!pulls.mayMerge) return refusal(403, "TF401027: You need the Git 'GenericContribute' permission to perform this action.");
      if ((body.autoCompleteSetBy as { id?: string }).id !== AUTHOR) return refusal(400, "The identity is none.");
      pull.autoMerge = true;
      if (pulls.isClean) pull.state = "merged";
    }
    if (body.title !== undefined) pull.title = String(body.title);
    if (body.description !== undefined) pull.description = String(body.description);
    return json(200, told(name, pull));
  }

  function create(name: string, body: Readonly<Record<string, unknown>>): ForgeReply {
    const problem = bodyProblem(body, {
      ...{ title: { most: 400 }, description: { most: 4_000, optional: true }, sourceRefName: {}, targetRefName: {} },
    });
    if (problem !== undefined) return refusal(400, problem);
    const [head, base] = [body.sourceRefName, body.targetRefName].map((ref) => /^refs\/heads\/(.+)$/.exec(String(ref))?.[1] ?? "");
    switch (pulls.refusal(name, head, base)) {
      case "no head":
      case "no base":
        return refusal(
          400,
          "TF401398: The pull request cannot be activated because the source and/or the target branch no longer exists, or the requested refs are not branches",
        );
      case "the same":
        return refusal(400, "TF401191: The source and target branches have the same commit");
      case "exists":
        return refusal(409, "TF401179: An active pull request for the source and target branch already exists.");
    }
    const made = pulls.make(name, { head: head ?? "", base: base ?? "", title: String(body.title), description: String(body.description) });
    return json(201, told(name, made));
  }

  return { serve, write };
}

function refusal(status: number, message: string): ForgeReply {
  return json(status, { $id: "1", innerException: null, message, typeKey: "GitPullRequestException" });
}
