/** A forge's API on loopback: what all kinds of doubles have. Each kind's routes are a file of sandbox/forges. */
import { type Request, type Response, readText, send } from "./cluster-api/exchange.ts";
import { startListener } from "./cluster-api/listener.ts";

interface ForgeRequest {
  readonly method: string;
  /** With the query, as it was sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface ForgeReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What was written, and taken. */
export interface ForgePost {
  readonly method: string;
  /** Below the API's root. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface RateLimit {
  remaining: number;
  resetAt: Date;
}

export interface ForgeApi {
  /** Of its API's root. */
  readonly url: string;
  /** What NODE_EXTRA_CA_CERTS is to hold; undefined for http. */
  readonly caPem: string | undefined;
  /** Required of every request when set. */
  token: string | undefined;
  /** The budget of all tokens: with nothing remaining, questions are refused until the reset. */
  limit: RateLimit;
  /** Every question is answered like that; returns the end of it. */
  answer(reply: ForgeReply): () => void;
  /** Every answer that would be given is given so; returns the end of it. */
  rewrite(text: (body: string) => string): () => void;
  /** Questions are never answered; returns the end of it. */
  hang(): () => void;
  /** Answers never end; returns the end of it. */
  neverEnd(): () => void;
  /** Oldest first. */
  readonly requests: readonly ForgeRequest[];
  readonly posts: readonly ForgePost[];
  close(): Promise<void>;
}

/** What one kind of forge answers. */
export interface ForgeRoutes {
  /** Undefined: the login is right, or none is needed. */
  readonly refuseLogin: (request: ForgeRequest, token: string | undefined) => ForgeReply | undefined;
  readonly limited: (limit: RateLimit) => ForgeReply;
  /** `path`: below the API's root, as it was sent, so that `%2F` is no slash. */
  readonly serve: (path: string, url: URL, request: ForgeRequest) => ForgeReply;
  /** The same for POST and PUT; undefined: nothing is written there. */
  readonly write?: (path: string, body: ForgePost["body"], url: URL, method: string) => ForgeReply | undefined;
  /** Of those who prove by themselves who they are; undefined: it is no question of theirs. */
  readonly signed?: (path: string, body: string, request: ForgeRequest) => ForgeReply | undefined;
  /** On every answer. */
  readonly rateHeaders: (limit: RateLimit) => Readonly<Record<string, string>>;
}

export interface ForgeApiOptions {
  readonly token?: string;
  readonly protocol?: "http" | "https";
  readonly basePath?: string;
}

type Fault = ForgeReply | "hang" | "never end";

const mostRequests = 10_000;

export async function startForgeApi(routes: ForgeRoutes, options: ForgeApiOptions = {}): Promise<ForgeApi> {
  const { basePath = "" } = options;
  const faults = new Set<Fault>();
  const rewrites = new Set<(body: string) => string>();
  const requests: ForgeRequest[] = [];

  const posts: ForgePost[] = [];

  async function handle(incoming: Request, response: Response): Promise<void> {
    const request = { method: incoming.method ?? "", path: incoming.url ?? "", headers: incoming.headers };
    requests.push(request);
    if (requests.length > mostRequests) requests.shift();
    const [fault] = faults;
    if (fault === "never end") pourOut(response);
    else if (fault !== "hang") reply(response, fault ?? serve(request, await readText(incoming)));
  }

  function serve(request: ForgeRequest, body: string): ForgeReply {
    const signed = routes.signed?.(request.path.slice(basePath.length), body, request);
    if (signed) return signed;
    const refusal = routes.refuseLogin(request, api.token);
    if (refusal) return refusal;
    const { limit } = api;
    if (limit.remaining <= 0 && limit.resetAt.getTime() > Date.now()) return routes.limited(limit);
    limit.remaining -= 1;
    const [whole = ""] = request.path.split("?");
    const notFound = { status: 404, body: '{"message":"Not Found"}' };
    if (!whole.startsWith(`${basePath}/`)) return notFound;
    const path = whole.slice(basePath.length);
    const url = new URL(request.path, listener.url);
    if (request.method === "GET") return routes.serve(path, url, request);
    if (!/^application\/json(;|$)/.test(String(request.headers["content-type"]))) return { status: 415, body: '{"message":"no JSON"}' };
    const sent = JSON.parse(body) as ForgePost["body"];
    const reply = routes.write?.(path, sent, url, request.method) ?? notFound;
    if (reply.status < 300) posts.push({ method: request.method, path, body: sent });
    return reply;
  }

  function reply(response: Response, { status, headers, body = "" }: ForgeReply): void {
    for (const [field, value] of Object.entries({ ...routes.rateHeaders(api.limit), ...headers })) response.setHeader(field, value);
    const text = [...rewrites].reduce((left, rewrite) => rewrite(left), body);
    send(response, status, text, headers?.["content-type"]);
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
  const api: ForgeApi = {
    url: listener.url + basePath,
    caPem: listener.caPem,
    token: options.token,
    limit: { remaining: 5_000, resetAt: new Date(Date.now() + 3_600_000) },
    answer: during,
    rewrite(text) {
      rewrites.add(text);
      return () => rewrites.delete(text);
    },
    hang: () => during("hang"),
    neverEnd: () => during("never end"),
    requests,
    posts,
    close: () => listener.close(),
  };
  return api;
}

/** What is wrong with a body: fields that are needed or not known, one that is too long, or a word that is none. */
export function bodyProblem(
  body: ForgePost["body"],
  fields: Readonly<Record<string, { readonly optional?: true; readonly most?: number; readonly words?: readonly string[] }>>,
): string | undefined {
  const unknown = Object.keys(body).find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) return `unknown field ${unknown}`;
  for (const [name, { optional, most = Number.POSITIVE_INFINITY, words }] of Object.entries(fields)) {
    const value = body[name];
    if (value === undefined && optional) continue;
    if (value === undefined || value === "") return `${name} is missing`;
    if (typeof value === "string" && value.length > most) return `${name} is too long (maximum is ${most} characters)`;
    if (words && !words.includes(String(value))) return `${name} is not included in the list`;
  }
  return undefined;
}

/** GitHub's fields, which Azure DevOps and Bitbucket have too. */
export function xRateLimit({ remaining, resetAt }: RateLimit): Record<string, string> {
  return {
    "x-ratelimit-limit": "5000",
    "x-ratelimit-remaining": String(Math.max(0, remaining)),
    "x-ratelimit-reset": String(Math.ceil(resetAt.getTime() / 1_000)),
  };
}

export function secondsUntil({ resetAt }: RateLimit): string {
  return String(Math.max(1, Math.ceil((resetAt.getTime() - Date.now()) / 1_000)));
}

export function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): ForgeReply {
  return { status, body: JSON.stringify(body), headers };
}

/** A key of the query that is not the API's, which is more than real forges say of a mistake. */
export function unknownKey({ searchParams }: URL, known: readonly string[]): string | undefined {
  return [...searchParams.keys()].find((key) => !known.includes(key));
}

/** Of a parameter that is a positive number. */
export function count({ searchParams }: URL, key: string, unset: number): number {
  const text = searchParams.get(key);
  return text === null ? unset : /^[1-9]\d{0,5}$/.test(text) ? Number(text) : Number.NaN;
}
