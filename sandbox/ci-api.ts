import { type Request, type Response, send } from "./cluster-api/exchange.ts";
import { startListener } from "./cluster-api/listener.ts";

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

interface CiRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface CiAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** GitHub's Actions API on loopback. */
export interface CiApi {
  /** For GITHUB_API_URL. */
  readonly url: string;
  /** What NODE_EXTRA_CA_CERTS is to hold; undefined for http. */
  readonly caPem: string | undefined;
  /** Required of every request when set. */
  token: string | undefined;
  /** The runs of a commit from now on, newest first; the repository `OWNER/NAME` exists from then on. */
  setRuns(repository: string, sha: string, runs: readonly CiRun[]): void;
  /** The budget of all tokens: with nothing remaining, questions are refused until the reset. */
  limit: { remaining: number; resetAt: Date };
  /** Every question is answered like that; returns the end of it. */
  answer(answer: CiAnswer): () => void;
  /** Questions are never answered; returns the end of it. */
  hang(): () => void;
  /** Answers never end; returns the end of it. */
  neverEnd(): () => void;
  /** Oldest first. */
  readonly requests: readonly CiRequest[];
  close(): Promise<void>;
}

type Fault = CiAnswer | "hang" | "never end";

const mostRequests = 10_000;

export async function startCiApi(options: { token?: string; protocol?: "http" | "https"; basePath?: string } = {}): Promise<CiApi> {
  const { basePath = "" } = options;
  const repositories = new Map<string, Map<string, readonly CiRun[]>>();
  const faults = new Set<Fault>();
  const requests: CiRequest[] = [];

  function handle(request: Request, response: Response): void {
    const path = request.url ?? "";
    requests.push({ method: request.method ?? "", path, headers: request.headers });
    if (requests.length > mostRequests) requests.shift();
    const [fault] = faults;
    if (fault === "never end") pourOut(response);
    else if (fault !== "hang") reply(response, fault ?? serve(request, new URL(path, listener.url)));
  }

  function serve(request: Request, url: URL): CiAnswer {
    if (api.token !== undefined && request.headers.authorization !== `Bearer ${api.token}`) return refusal(401, "Bad credentials");
    const { limit } = api;
    if (limit.remaining <= 0 && limit.resetAt.getTime() > Date.now()) return refusal(403, "API rate limit exceeded for user ID 1.");
    limit.remaining -= 1;
    const path = url.pathname.startsWith(basePath) ? url.pathname.slice(basePath.length) : "";
    const [, owner, name] = /^\/repos\/([^/]+)\/([^/]+)\/actions\/runs$/.exec(path) ?? [];
    const commits = repositories.get(`${owner}/${name}`);
    if (request.method !== "GET" || !commits) return refusal(404, "Not Found");
    const sha = url.searchParams.get("head_sha") ?? "";
    const perPage = Math.min(100, Number(url.searchParams.get("per_page") ?? 30));
    const page = Number(url.searchParams.get("page") ?? 1);
    const all = commits.get(sha) ?? [];
    const runs = all.slice((page - 1) * perPage, page * perPage).map((run, index) => ({
      id: (page - 1) * perPage + index + 1,
      name: run.name ?? "build",
      head_sha: sha,
      status: run.status,
      conclusion: run.conclusion ?? null,
    }));
    url.searchParams.set("page", String(page + 1));
    return {
      status: 200,
      body: JSON.stringify({ total_count: all.length, workflow_runs: runs }),
      headers: page * perPage < all.length ? { link: `<${url}>; rel="next"` } : {},
    };
  }

  function reply(response: Response, { status, headers, body = "" }: CiAnswer): void {
    const { remaining, resetAt } = api.limit;
    const rate = {
      "x-ratelimit-limit": "5000",
      "x-ratelimit-remaining": String(Math.max(0, remaining)),
      "x-ratelimit-reset": String(Math.ceil(resetAt.getTime() / 1_000)),
    };
    for (const [field, value] of Object.entries({ ...rate, ...headers })) response.setHeader(field, value);
    send(response, status, body);
  }

  function pourOut(response: Response): void {
    const more = () => {
      if (!response.destroyed) (response as NodeJS.WritableStream).write(" ".repeat(16_384), () => setImmediate(more));
    };
    more();
  }

  function during(fault: Fault): () => void {
    faults.add(fault);
    return () => faults.delete(fault);
  }

  const listener = await startListener(options.protocol ?? "http", 0, handle);
  const api: CiApi = {
    url: listener.url + basePath,
    caPem: listener.caPem,
    token: options.token,
    setRuns(repository, sha, runs) {
      const commits = repositories.get(repository) ?? new Map<string, readonly CiRun[]>();
      repositories.set(repository, commits.set(sha, runs));
    },
    limit: { remaining: 5_000, resetAt: new Date(Date.now() + 3_600_000) },
    answer: during,
    hang: () => during("hang"),
    neverEnd: () => during("never end"),
    requests,
    close: () => listener.close(),
  };
  return api;
}

function refusal(status: number, message: string): CiAnswer {
  return { status, body: JSON.stringify({ message, documentation_url: "https://docs.github.com/rest", status: String(status) }) };
}
