/** GitLab's merge requests: docs.gitlab.com/api/merge_requests, /api/projects, /user/project/quick_actions. */
import { bodyProblem, count, type ForgeReply, json, unknownKey } from "../forge-api.ts";
import type { Pull, PullRoutes, Pulls } from "./pulls.ts";

const KNOWN = ["state", "scope", "source_branch", "target_branch", "source_project_id", "order_by", "sort", "per_page", "page"];
const STATES = { open: "opened", merged: "merged", declined: "closed" };

export function gitlabMergeRequests(pulls: Pulls): PullRoutes {
  pulls.forgetsAutoMerge = true;

  function told(name: string, pull: Pull): Record<string, unknown> {
    const id = pulls.repository(name)?.id ?? 0;
    return {
      ...{ id: 1_000 + pull.number, iid: pull.number, project_id: id, title: pull.title, description: pull.description },
      ...{ state: pull.word ?? STATES[pull.state], sha: pull.headSha, source_branch: pull.head, target_branch: pull.base, draft: false },
      ...{ target_project_id: id, source_project_id: sourceId(name, pull), labels: pull.labels },
      ...{ merge_when_pipeline_succeeds: pull.autoMerge, web_url: `https://gitlab.example/${name}/-/merge_requests/${pull.number}` },
    };
  }

  /** Of a fork that is gone there is none. */
  function sourceId(name: string, { fork = name }: Pull): number | null {
    return fork === "" ? null : (pulls.repository(fork)?.id ?? 999);
  }

  function serve(path: string, url: URL): ForgeReply | undefined {
    const [, project = "", rest = "", number] = /^\/projects\/([^/]+)(?:\/(merge_requests)(?:\/(\d+))?)?$/.exec(path) ?? [];
    const name = decodeURIComponent(project);
    const repository = pulls.repository(name);
    if (!repository) return undefined;
    if (rest === "") return json(200, { id: repository.id, path_with_namespace: name });
    if (number !== undefined) {
      const pull = pulls.find(name, number);
      if (!pull) return json(404, { message: "404 Not found" });
      // There is a pipeline once it has been made.
      return json(200, { ...told(name, pull), head_pipeline: pulls.notYet-- > 0 ? null : { id: 1, status: "running" } });
    }
    const value = (key: string) => url.searchParams.get(key);
    const [unknown, perPage, page] = [unknownKey(url, KNOWN), count(url, "per_page", 20), count(url, "page", 1)];
    const state = value("state") ?? "all";
    if (unknown !== undefined || !["opened", "closed", "locked", "merged", "all"].includes(state) || !(perPage <= 100) || !(page >= 1)) {
      return json(400, { error: `${unknown ?? "state, per_page or page"} does not have a valid value` });
    }
    const found = pulls.of(name).filter((one) => {
      if (pulls.ignoresFilters) return true;
      const { state: oneState, source_project_id } = told(name, one);
      const isFrom = (value("source_project_id") ?? `${source_project_id}`) === `${source_project_id}`;
      const areBranches = (value("source_branch") ?? one.head) === one.head && (value("target_branch") ?? one.base) === one.base;
      return isFrom && areBranches && (state === "all" || state === oneState);
    });
    const part = (value("sort") === "asc" ? found.toReversed() : found).slice((page - 1) * perPage, page * perPage);
    return json(
      200,
      part.map((one) => told(name, one)),
      { "x-page": `${page}`, "x-next-page": page * perPage < found.length ? `${page + 1}` : "" },
    );
  }

  function write(path: string, body: Readonly<Record<string, unknown>>, _url: URL, method: string): ForgeReply | undefined {
    const [, project = "", number, rest = ""] = /^\/projects\/([^/]+)\/merge_requests(?:\/(\d+)(\/merge)?)?$/.exec(path) ?? [];
    const name = decodeURIComponent(project);
    if (!pulls.repository(name)) return undefined;
    if (!pulls.mayWrite) return json(403, { message: "403 Forbidden" });
    if (number === undefined) return method === "POST" ? create(name, body) : undefined;
    const pull = pulls.find(name, number);
    if (!pull || method !== "PUT") return json(404, { message: "404 Not found" });
    if (rest !== "") return merge(name, pull, body);
    const fields = { title: { most: 255 }, description: {}, add_labels: {} };
    const sent = Object.fromEntries(Object.entries(fields).filter(([field]) => Object.hasOwn(body, field)));
    const problem = bodyProblem(body, sent);
    if (problem !== undefined || Object.keys(sent).length === 0) return json(400, { error: problem ?? "title, description are missing" });
    if (body.title !== undefined) pull.title = String(body.title);
    if (body.description !== undefined) describe(pull, String(body.description));
    if (body.add_labels !== undefined) pull.labels.push(...String(body.add_labels).split(","));
    return json(200, told(name, pull));
  }

  function create(name: string, body: Readonly<Record<string, unknown>>): ForgeReply {
    const problem = bodyProblem(body, { source_branch: {}, target_branch: {}, title: { most: 255 }, description: { optional: true } });
    if (problem !== undefined) return json(400, { error: problem });
    const { source_branch: head = "", target_branch: base = "" } = body as Record<string, string>;
    switch (pulls.refusal(name, head, base)) {
      case "no head":
        return json(400, { message: { validate_branches: [`Source branch "${head}" does not exist`] } });
      case "no base":
        return json(400, { message: { validate_branches: [`Target branch "${base}" does not exist`] } });
      case "the same":
        return json(422, { error: ["You can't use same project/branch for source and target"] });
      case "exists":
        return json(409, { message: ["Another open merge request already exists for this source branch: !1"] });
    }
    const made = pulls.make(name, { head, base, title: String(body.title) });
    describe(made, String(body.description));
    return json(201, told(name, made));
  }

  /** Lines that are orders are done, and left out. */
  function describe(pull: Pull, text: string): void {
    const orders = text.match(/^\/\w+.*$/gm) ?? [];
    pull.labels.push(...orders.map((order) => `done: ${order}`));
    pull.description = text.replace(/^\/\w+.*\n?/gm, "");
  }

  function merge(name: string, pull: Pull, body: Readonly<Record<string, unknown>>): ForgeReply {
    const problem = bodyProblem(body, { auto_merge: {}, merge_when_pipeline_succeeds: {}, sha: {} });
    if (problem !== undefined) return json(400, { error: problem });
    if (!pulls.mayMerge) return json(401, { message: "401 Unauthorized" });
    if (body.sha !== pull.headSha) return json(409, { message: "SHA does not match HEAD of source branch" });
    // Where there is nothing to wait for, it does not wait.
    if (pulls.notYet > 0 || pulls.isClean) pull.state = "merged";
    else pull.autoMerge = true;
    return json(200, told(name, pull));
  }

  return { serve, write };
}
