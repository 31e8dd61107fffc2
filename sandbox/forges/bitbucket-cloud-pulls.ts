/** Bitbucket Cloud's pull requests: developer.atlassian.com/cloud/bitbucket/rest (pullrequests; filtering and sorting). */
import { bodyProblem, count, type ForgeReply, json, unknownKey } from "../forge-api.ts";
import type { Pull, PullRoutes, Pulls } from "./pulls.ts";

const STATES = { open: "OPEN", merged: "MERGED", declined: "DECLINED" };
const text = '"((?:[^"\\\\]|\\\\.)*)"';
/** Of its language no more than is used. */
const question = new RegExp(
  `^source\\.repository\\.full_name = ${text} AND source\\.branch\\.name = ${text} AND destination\\.branch\\.name = ${text}$`,
);

export function bitbucketCloudPulls(pulls: Pulls): PullRoutes {
  function told(name: string, pull: Pull): object {
    const { fork = name } = pull;
    const end = (branch: string, of: string, sha: string) => ({
      branch: { name: branch },
      repository: of === "" ? null : { type: "repository", full_name: of.toLowerCase() },
      commit: { type: "commit", hash: sha.slice(0, 12) },
    });
    return {
      ...{ type: "pullrequest", id: pull.number, title: pull.title, description: pull.description, state: stateOf(pull), draft: false },
      ...{ source: end(pull.head, fork, pull.headSha), destination: end(pull.base, name, pulls.branch(name, pull.base) ?? "") },
      links: { html: { href: `https://bitbucket.example/${name}/pull-requests/${pull.number}` } },
    };
  }

  function serve(path: string, url: URL): ForgeReply | undefined {
    const [, name = ""] = /^\/repositories\/([^/]+\/[^/]+)\/pullrequests$/.exec(path) ?? [];
    if (!pulls.repository(name)) return undefined;
    const [unknown, pagelen, page] = [
      unknownKey(url, ["q", "state", "sort", "pagelen", "page"]),
      count(url, "pagelen", 10),
      count(url, "page", 1),
    ];
    const asked = question.exec(url.searchParams.get("q") ?? "");
    const states = url.searchParams.getAll("state");
    const isState = states.every((one) => ["OPEN", "MERGED", "DECLINED", "SUPERSEDED"].includes(one));
    if (unknown !== undefined || !asked || !isState || !(pagelen <= 50) || !(page >= 1))
      return refusal(400, `Invalid ${unknown ?? "q, state or pagelen"}`);
    const [from, head, base] = asked.slice(1).map((part) => part.replace(/\\(.)/g, "$1"));
    const found = pulls.of(name).filter((one) => {
      if (pulls.ignoresFilters) return true;
      const isInState = (states.length === 0 ? ["OPEN"] : states).includes(stateOf(one));
      return isInState && (one.fork ?? name).toLowerCase() === from && one.head === head && one.base === base;
    });
    const sorted = url.searchParams.get("sort") === "-created_on" ? found : found.toReversed();
    const values = sorted.slice((page - 1) * pagelen, page * pagelen).map((one) => told(name, one));
    return json(200, { pagelen, values, page, size: found.length });
  }

  function write(path: string, body: Readonly<Record<string, unknown>>, _url: URL, method: string): ForgeReply | undefined {
    const [, name = "", number] = /^\/repositories\/([^/]+\/[^/]+)\/pullrequests(?:\/(\d+))?$/.exec(path) ?? [];
    if (!pulls.repository(name)) return undefined;
    if (!pulls.mayWrite) return refusal(403, "Your credentials lack one or more required privilege scopes.");
    if (number === undefined) return method === "POST" ? create(name, body) : undefined;
    const pull = pulls.find(name, number);
    const problem = bodyProblem(body, { title: { most: 255 }, description: {} });
    if (method !== "PUT" || !pull || problem !== undefined) return refusal(400, problem ?? "Bad request");
    if (pull.state !== "open") return refusal(400, "This pull request is already closed.");
    pull.title = String(body.title);
    pull.description = String(body.description);
    return json(200, told(name, pull));
  }

  function create(name: string, body: Readonly<Record<string, unknown>>): ForgeReply {
    const problem = bodyProblem(body, { title: { most: 255 }, description: { optional: true }, source: {}, destination: {} });
    if (problem !== undefined) return refusal(400, problem);
    const branchOf = (end: unknown) => (end as { branch?: { name?: string } }).branch?.name ?? "";
    const [head, base] = [branchOf(body.source), branchOf(body.destination)];
    switch (pulls.refusal(name, head, base)) {
      case "no head":
        return refusal(400, `source: branch not found: ${head}`);
      case "no base":
        return refusal(400, `destination: branch not found: ${base}`);
      case "the same":
        return refusal(400, "There are no changes to be pulled");
      case "exists":
        return refusal(409, "There is an open pull request of these branches");
    }
    return json(201, told(name, pulls.make(name, { head, base, title: String(body.title), description: String(body.description) })));
  }

  return { serve, write };
}

function stateOf({ state, word }: Pull): string {
  return word ?? STATES[state];
}

function refusal(status: number, message: string): ForgeReply {
  return json(status, { type: "error", error: { message } });
}
