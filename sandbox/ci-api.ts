import {
  bodyProblem,
  type ForgeApi,
  type ForgeApiOptions,
  type ForgePost,
  type ForgeReply,
  json,
  startForgeApi,
  unknownKey,
  xRateLimit,
} from "./forge-api.ts";
import { gitHubPulls } from "./forges/github-pulls.ts";
import { createPulls, type Pulls } from "./forges/pulls.ts";
import type { AppToken, GitHubApps } from "./github-apps.ts";

/** One workflow run, in GitHub's words. */
export interface CiRun {
  readonly name?: string;
  readonly status: "requested" | "queued" | "waiting" | "pending" | "in_progress" | "completed";
  /** Once it is completed. */
  readonly conclusion?:
    | "success"
    | "failure"
    | "cancelled"
    | "timed_out"
    | "startup_failure"
    | "action_required"
    | "neutral"
    | "skipped"
    | "stale";
}

/** The newest of its context. */
export interface CiStatus {
  readonly context: string;
  readonly state: "pending" | "success" | "failure" | "error";
  readonly description?: string;
}

/** With its statuses, newest first. */
interface CiDeployment {
  readonly id: number;
  readonly sha: string;
  readonly task: string;
  readonly environment: string;
  readonly statuses: { state: string; description: string }[];
}

/** GitHub's API on loopback: Actions, commit statuses, deployments and pull requests. `url` is for GITHUB_API_URL. */
export interface CiApi extends ForgeApi {
  /** The runs of a commit from now on, newest first; the repository `OWNER/NAME` exists from then on. */
  setRuns(repository: string, sha: string, runs: readonly CiRun[]): void;
  setStatuses(repository: string, sha: string, statuses: readonly CiStatus[]): void;
  statuses(repository: string, sha: string): readonly CiStatus[];
  /** In the order in which they were made. */
  readonly deployments: readonly CiDeployment[];
  /** Whether the token may read statuses, which is a right of its own. */
  readsStatuses: boolean;
  readonly pulls: Pulls;
  /** How a pull request may be merged. */
  readonly mergeMethods: { allowed: readonly string[] };
}

export async function startCiApi(options: ForgeApiOptions & { readonly apps?: GitHubApps } = {}): Promise<CiApi> {
  const repositories = new Map<
    string,
    { readonly runs: Map<string, readonly CiRun[]>; readonly statuses: Map<string, readonly CiStatus[]> }
  >();

  const deployments: CiDeployment[] = [];
  const pulls = createPulls();
  const mergeMethods = { allowed: ["merge", "squash", "rebase"] };
  const pullRoutes = gitHubPulls(pulls, mergeMethods);

  function write(path: string, body: ForgePost["body"], url: URL, method: string): ForgeReply | undefined {
    const reply = pullRoutes.write(path, body, url, method);
    if (reply) return reply;
    const [, name = "", rest = ""] = /^\/repos\/([^/]+\/[^/]+)\/(.*)$/.exec(path) ?? [];
    const repository = repositories.get(name);
    if (!repository) return undefined;
    const [, sha] = /^statuses\/([0-9a-f]{40})$/.exec(rest) ?? [];
    const texts = { description: { most: 140, optional: true }, environment_url: { optional: true }, log_url: { optional: true } } as const;
    if (sha !== undefined) {
      const { description } = texts;
      const state = { words: ["pending", "success", "failure", "error"] };
      const problem = bodyProblem(body, { state, context: {}, description, target_url: { optional: true } });
      if (problem !== undefined) return refusal(422, `Validation Failed: ${problem}`);
      const others = (repository.statuses.get(sha) ?? []).filter(({ context }) => context !== body.context);
      repository.statuses.set(sha, [body as unknown as CiStatus, ...others]);
      return json(201, { id: 1, state: body.state });
    }
    if (rest === "deployments") return createDeployment(body);
    const [, id] = /^deployments\/(\d+)\/statuses$/.exec(rest) ?? [];
    const deployment = deployments.find((one) => `${one.id}` === id);
    if (!deployment) return undefined;
    const words = ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];
    const problem = bodyProblem(body, { state: { words }, ...texts });
    if (problem !== undefined) return refusal(422, `Validation Failed: ${problem}`);
    deployment.statuses.unshift({ state: String(body.state), description: String(body.description ?? "") });
    // Others of the environment are over then, which adds a status of GitHub's own.
    const others = deployments.filter((one) => one.environment === deployment.environment && one.id < deployment.id);
    if (body.state === "success") {
      for (const one of others.filter(({ statuses: [last] }) => last?.state === "success"))
        one.statuses.unshift({ state: "inactive", description: "" });
    }
    return json(201, { id: 1 });
  }

  function createDeployment(body: ForgePost["body"]): ForgeReply {
    const fields = {
      ref: {},
      task: {},
      environment: {},
      description: { most: 140, optional: true },
      auto_merge: {},
      required_contexts: {},
    } as const;
    const problem = bodyProblem(body, fields);
    if (problem !== undefined) return refusal(422, `Validation Failed: ${problem}`);
    const { ref: sha, task, environment } = body as Record<string, string>;
    const made = { id: deployments.length + 1, sha: sha ?? "", task: task ?? "", environment: environment ?? "", statuses: [] };
    deployments.push(made);
    return json(201, { id: made.id });
  }

  function serveDeployments(rest: string, { searchParams }: URL): ForgeReply {
    const [, id] = /^deployments\/(\d+)\/statuses$/.exec(rest) ?? [];
    if (id !== undefined) return json(200, deployments.find((one) => `${one.id}` === id)?.statuses ?? []);
    const fields = ["sha", "task", "environment"] as const;
    const found = deployments.filter((one) => fields.every((field) => searchParams.get(field) === one[field]));
    return json(200, found.toReversed());
  }

  function serve(path: string, url: URL): ForgeReply {
    const reply = pullRoutes.serve(path, url);
    if (reply) return reply;
    const [, owner, name, rest = ""] = /^\/repos\/([^/]+)\/([^/]+)\/(.*)$/.exec(path) ?? [];
    const repository = repositories.get(`${owner}/${name}`);
    if (!repository) return refusal(404, "Not Found");
    if (/^deployments(\/|$)/.test(rest)) return serveDeployments(rest, url);
    if (rest === "actions/runs") return serveRuns(repository.runs, url);
    const [, sha] = /^commits\/([0-9a-f]{40})\/status$/.exec(rest) ?? [];
    if (sha === undefined) return refusal(404, "Not Found");
    if (!api.readsStatuses) return refusal(403, "Resource not accessible by personal access token");
    return serveStatuses(repository.statuses.get(sha) ?? [], sha, url);
  }

  function serveRuns(commits: ReadonlyMap<string, readonly CiRun[]>, url: URL): ForgeReply {
    const unknown = unknownKey(url, ["head_sha", "per_page", "page", "exclude_pull_requests"]);
    if (unknown !== undefined) return refusal(422, `unknown parameter ${unknown}`);
    const sha = url.searchParams.get("head_sha") ?? "";
    const all = commits.get(sha) ?? [];
    return paged(url, all, (part, from) => ({
      total_count: all.length,
      workflow_runs: part.map((run, index) => ({
        id: from + index + 1,
        name: run.name ?? "build",
        head_sha: sha,
        status: run.status,
        conclusion: run.conclusion ?? null,
      })),
    }));
  }

  function serveStatuses(all: readonly CiStatus[], sha: string, url: URL): ForgeReply {
    const unknown = unknownKey(url, ["per_page", "page"]);
    if (unknown !== undefined) return refusal(422, `unknown parameter ${unknown}`);
    // Without any it is pending too.
    const isPending = all.length === 0 || all.some(({ state }) => state === "pending");
    const state = isPending ? "pending" : all.every((one) => one.state === "success") ? "success" : "failure";
    return paged(url, all, (statuses) => ({ state, sha, total_count: all.length, statuses }));
  }

  const { basePath = "" } = options;
  const api: CiApi = Object.assign(
    await startForgeApi(
      {
        refuseLogin({ method, path, headers }, token) {
          const [, text] = /^Bearer (ghs_\S+)$/.exec(String(headers.authorization)) ?? [];
          if (text !== undefined && options.apps) return refuseAppToken(options.apps.tokenOf(text), method, path.slice(basePath.length));
          return token !== undefined && headers.authorization !== `Bearer ${token}` ? refusal(401, "Bad credentials") : undefined;
        },
        signed: (path, body, { headers }) => options.apps?.serve(path, body, String(headers.authorization ?? "")),
        limited: () => refusal(403, "API rate limit exceeded for user ID 1."),
        serve,
        write,
        rateHeaders: xRateLimit,
      },
      options,
    ),
    {
      setRuns(repository: string, sha: string, runs: readonly CiRun[]) {
        repositoryOf(repository).runs.set(sha, runs);
      },
      setStatuses(repository: string, sha: string, statuses: readonly CiStatus[]) {
        repositoryOf(repository).statuses.set(sha, statuses);
      },
      statuses: (repository: string, sha: string) => repositories.get(repository)?.statuses.get(sha) ?? [],
      ...{ deployments, pulls, mergeMethods },
      readsStatuses: true,
    },
  );

  function repositoryOf(name: string) {
    const known = repositories.get(name) ?? { runs: new Map(), statuses: new Map() };
    repositories.set(name, known);
    return known;
  }

  return api;
}

/** A token that may do more than the question needs is refused too. */
function refuseAppToken(token: AppToken | undefined, method: string, path: string): ForgeReply | undefined {
  if (!token) return refusal(401, "Bad credentials");
  const [, name, rest = ""] = /^\/repos\/[^/]+\/([^/]+)\/([^?]*)/.exec(path) ?? [];
  const isGraphql = path === "/graphql";
  if (name !== token.repository && !isGraphql) return refusal(404, "Not Found");
  const level = method === "GET" ? "read" : "write";
  const [folder = ""] = rest.split("/");
  const permissions = { actions: "actions", deployments: "deployments", pulls: "pull_requests", issues: "pull_requests" };
  const permission = Object.hasOwn(permissions, folder) ? permissions[folder as keyof typeof permissions] : "statuses";
  const needed = isGraphql || rest.endsWith("/merge") ? { contents: "write", pull_requests: "write" } : { [permission]: level };
  return JSON.stringify(token.permissions) === JSON.stringify(needed) ? undefined : refusal(403, "Resource not accessible by integration");
}

function paged<Item>(url: URL, all: readonly Item[], body: (part: readonly Item[], from: number) => object): ForgeReply {
  const perPage = Math.min(100, Number(url.searchParams.get("per_page") ?? 30));
  const page = Number(url.searchParams.get("page") ?? 1);
  const from = (page - 1) * perPage;
  const part = all.slice(from, page * perPage);
  url.searchParams.set("page", String(page + 1));
  return json(200, body(part, from), page * perPage < all.length ? { link: `<${url}>; rel="next"` } : {});
}

function refusal(status: number, message: string): ForgeReply {
  return json(status, { message, documentation_url: "https://docs.github.com/rest", status: String(status) });
}
