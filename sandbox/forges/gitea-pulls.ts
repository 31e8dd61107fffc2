/** Gitea's and Forgejo's pull requests: the servers' own /api/swagger, and what they say where they refuse. */
import { bodyProblem, count, type ForgeReply, json, unknownKey } from "../forge-api.ts";
import type { Pull, PullRoutes, Pulls } from "./pulls.ts";

/** `MAX_RESPONSE_ITEMS` of a server that nobody has set up otherwise. */
const MOST = 50;

export function giteaPulls(pulls: Pulls): PullRoutes {
  pulls.forgetsAutoMerge = true;

  function told(name: string, pull: Pull): object {
    const repository = pulls.repository(name);
    const id = repository?.id ?? 0;
    const { fork = name } = pull;
    const isThere = pulls.branch(fork, pull.head) !== undefined;
    // Of a fork that is gone it has no number, and of a branch that is gone no name but in the label.
    const repoId = fork === "" ? -1 : (pulls.repository(fork)?.id ?? 999);
    return {
      ...{ id: 1_000 + pull.number, number: pull.number, title: pull.title, body: pull.description ?? "", is_locked: false, draft: false },
      ...{ state: pull.state === "open" ? "open" : "closed", merged: pull.state === "merged" },
      html_url: `https://gitea.example/${name}/pulls/${pull.number}`,
      labels: pull.labels.map((label) => ({ id: labelId(name, label), name: label })),
      head: { label: pull.head, ref: isThere ? pull.head : `refs/pull/${pull.number}/head`, sha: pull.headSha, repo_id: repoId },
      base: { label: pull.base, ref: pull.base, sha: "", repo_id: id, repo: { id, default_merge_style: "rebase" } },
    };
  }

  /** A label that people made has a number too. */
  function labelId(name: string, label: string): number {
    const labels = pulls.repository(name)?.labels ?? [];
    if (!labels.includes(label)) labels.push(label);
    return labels.indexOf(label) + 1;
  }

  function serve(path: string, url: URL): ForgeReply | undefined {
    const [, name = "", kind, rest = ""] = /^\/repos\/([^/]+\/[^/]+)\/(pulls|labels)(?:\/(.+))?$/.exec(path) ?? [];
    const repository = pulls.repository(name);
    if (!repository) return undefined;
    const [unknown, limit, page] = [
      unknownKey(url, kind === "pulls" ? ["state", "sort", "base_branch", "page", "limit"] : ["page", "limit"]),
      Math.min(MOST, count(url, "limit", 30)),
      count(url, "page", 1),
    ];
    if (unknown !== undefined || Number.isNaN(limit + page)) return refusal(422, `${unknown ?? "page or limit"} is wrong`);
    const part = <Item>(all: readonly Item[]) => all.slice((page - 1) * limit, page * limit);
    if (kind === "labels") {
      return json(
        200,
        part(repository.labels).map((label) => ({ id: labelId(name, label), name: label, color: "ff0000" })),
      );
    }
    if (rest.includes("/")) {
      const [base = "", ...head] = rest.split("/").map(decodeURIComponent);
      // The oldest that it comes upon, whatever its state.
      const found = pulls.of(name).findLast((one) => !one.fork && one.base === base && one.head === head.join("/"));
      return found ? json(200, told(name, found)) : refusal(404, "The target couldn't be found.");
    }
    const one = pulls.find(name, rest);
    if (rest !== "") return one ? json(200, told(name, one)) : refusal(404, "The target couldn't be found.");
    const state = url.searchParams.get("state") ?? "open";
    const base = url.searchParams.get("base_branch");
    const found = pulls.of(name).filter((pull) => {
      const isInState = state === "all" || (state === "open") === (pull.state === "open");
      return pulls.ignoresFilters || (isInState && (base ?? pull.base) === pull.base);
    });
    return json(
      200,
      part(found).map((pull) => told(name, pull)),
      { "x-total-count": `${found.length}` },
    );
  }

  function write(path: string, body: Readonly<Record<string, unknown>>, _url: URL, method: string): ForgeReply | undefined {
    const [, name = "", number, rest = ""] = /^\/repos\/([^/]+\/[^/]+)\/pulls(?:\/(\d+)(\/merge)?)?$/.exec(path) ?? [];
    const repository = pulls.repository(name);
    if (!repository) return undefined;
    if (!pulls.mayWrite)
      return refusal(
        403,
        "token does not have at least one of required scope(s), required=[write:repository], token scope=read:repository",
      );
    if (number === undefined) return method === "POST" ? create(name, body) : undefined;
    const pull = pulls.find(name, number);
    if (!pull) return refusal(404, "The target couldn't be found.");
    if (rest !== "") return method === "POST" ? merge(pull, body) : undefined;
    if (method !== "PATCH") return undefined;
    const problem = bodyProblem(body, { title: { most: 255, optional: true }, body: { optional: true }, labels: { optional: true } });
    if (problem !== undefined) return refusal(422, problem);
    if (body.title !== undefined) pull.title = String(body.title);
    if (body.body !== undefined) pull.description = String(body.body);
    // All others are taken off it, and numbers that there are none of are passed over.
    if (Array.isArray(body.labels)) pull.labels = body.labels.flatMap((id) => repository.labels[Number(id) - 1] ?? []);
    return json(201, told(name, pull));
  }

  function create(name: string, body: Readonly<Record<string, unknown>>): ForgeReply {
    const problem = bodyProblem(body, { title: { most: 255 }, body: { optional: true }, head: {}, base: {} });
    if (problem !== undefined) return refusal(422, problem);
    const { head = "", base = "" } = body as Record<string, string>;
    switch (pulls.refusal(name, head, base)) {
      case "no head":
        return refusal(404, `could not find '${head}' to be a commit, branch or tag in the head repository ${name}`);
      case "no base":
        return refusal(404, `could not find '${base}' to be a commit, branch or tag in the base repository ${name}`);
      case "the same":
        return refusal(422, "Invalid PullRequest: There are no changes between the head and the base");
      case "exists":
        return refusal(
          409,
          `pull request already exists for these targets [id: 1, issue_id: 1, head_repo_id: 1, base_repo_id: 1, head_branch: ${head}, base_branch: ${base}]`,
        );
    }
    return json(201, told(name, pulls.make(name, { head, base, title: String(body.title), description: String(body.body) })));
  }

  function merge(pull: Pull, body: Readonly<Record<string, unknown>>): ForgeReply {
    const styles = ["merge", "rebase", "rebase-merge", "squash", "fast-forward-only", "manually-merged"];
    const problem = bodyProblem(body, { Do: { words: styles }, merge_when_checks_succeed: {}, head_commit_id: { optional: true } });
    if (problem !== undefined) return refusal(422, problem);
    if (pulls.notYet-- > 0) return refusal(405, "Please try again later");
    if (!pulls.mayMerge) return refusal(405, "User not allowed to merge PR");
    if (pull.autoMerge) return refusal(409, "pull request is already scheduled to auto merge when checks succeed [pull_id: 1]");
    if (!pulls.isClean) {
      pull.autoMerge = true;
      return json(201, {});
    }
    if (body.Do !== "rebase") return refusal(405, `${body.Do} is not allowed an allowed merge style for this repository`);
    if (body.head_commit_id !== pull.headSha) return refusal(409, "head out of date");
    pull.state = "merged";
    return json(200, {});
  }

  return { serve, write };
}

function refusal(status: number, message: string): ForgeReply {
  return json(status, { message, url: "https://gitea.example/api/swagger" });
}
