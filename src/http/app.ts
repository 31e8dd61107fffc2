/** The endpoints (contract §5). Snake case lives here. */
import { setImmediate as nextTurn } from "node:timers/promises";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { Result } from "../core/outcome.ts";
import type { Log } from "../core/ports.ts";
import type { Filter } from "../core/types.ts";
import { type ErrorCode, ReconcileError } from "../errors.ts";
import { onceEach } from "../sharing/once-each.ts";
import { foreignPage } from "./foreign-page.ts";
import { type ObserveRequest, observeRequests } from "./observe-requests.ts";
import { reconcileEntry } from "./reconcile-entry.ts";
import { parseReconcileFilter } from "./reconcile-filter.ts";
import { createTokenCheck, requireToken } from "./require-token.ts";
import { sendError, sendJson, toJson } from "./send-json.ts";
import { createPieceSender } from "./send-pieces.ts";
import { createEventSender, type EventsEndpoints } from "./status-events.ts";
import { addStatusRoutes, type StatusEndpoints } from "./status-routes.ts";
import { takeTurns } from "./take-turns.ts";

export interface Endpoints extends StatusEndpoints, EventsEndpoints {
  /** `call`: how it was asked for, for its trace. */
  readonly reconcile: (filter: Filter, call: Pick<Request, "method" | "headers">) => Promise<Result[]>;
  /** JSON, as the pages of `/status` in pieces: made while it is sent. Throws `name_unknown`. */
  readonly history: (filter: Filter) => Iterable<string>;
  /** JSON. Absent: there is no such path. */
  readonly debug?: () => Iterable<string>;
  readonly health: () => { status: "ok" | "starting"; tracked_deployments: number };
  /** Throws what `/reconcile` would be refused with. */
  readonly ready: () => void;
  readonly metrics: () => Promise<{ contentType: string; text: string }>;
}

export interface AppOptions {
  readonly requestStarted?: ObserveRequest;
  /** What `/reconcile` and `/history` ask for; the other paths stay open, they start nothing. Undefined: open too. */
  readonly reconcileToken?: string | undefined;
  /** When it aborts, what is sent without end ends. */
  readonly stopping?: AbortSignal;
}

/** Of failures that are no mistake of ours. */
const STATUS: Partial<Record<ErrorCode, number>> = { name_unknown: 404, cluster_unsynced: 503, shutdown: 503 };

/** Their routes, spans and answers take some milliseconds together. */
const CALLS_PER_TURN = 50;
/** As long as their messages may be, they take some milliseconds together. */
const ENTRIES_PER_TURN = 100;

export function createApp(endpoints: Endpoints, log: Log, { requestStarted, reconcileToken, stopping }: AppOptions = {}): Express {
  const { debug, history } = endpoints;
  const routes = ["/reconcile", "/status", "/history", ...(debug ? ["/debug"] : []), "/health", "/ready", "/metrics"];
  const turn = takeTurns(CALLS_PER_TURN);
  const sendPieces = createPieceSender();
  const body = onceEach(reconcileBody);
  const app = plainApp();
  if (requestStarted) app.use(observeRequests(requestStarted, routes));

  // Before the token is asked for: a browser may not be made to try some.
  app.all("/reconcile", (request, response, next) => {
    const foreign = foreignPage(request.method, request.headers);
    if (foreign === undefined) next();
    else sendError(response, 403, `${foreign}; nothing was started`);
  });
  if (reconcileToken !== undefined) app.all(["/reconcile", "/history"], requireToken(reconcileToken));
  app.all("/reconcile", async (request, response) => {
    await turn();
    // HEAD starts nothing: a link checker is no trigger.
    if (request.method === "HEAD") return sendJson(response, Buffer.alloc(0));
    if (request.method !== "GET" && request.method !== "POST") return refuseMethod(response, "GET, HEAD, POST");
    const filter = parseReconcileFilter(request.query);
    if (!filter) return sendError(response, 400, "the query may hold namespace=…, deployment=… and kind=…, once each; nothing was started");
    const results = await endpoints.reconcile(filter, request);
    const json = await body(results);
    await turn();
    sendJson(response, json);
  });
  const sendEvents = createEventSender(endpoints, { stopping });
  addStatusRoutes(app, endpoints, { read, sendPieces, sendEvents, hasToken: createTokenCheck(reconcileToken) });
  read(app, "/history", (request, response) => {
    const filter = parseReconcileFilter(request.query);
    if (!filter || filter.namespace === undefined || filter.deployment === undefined)
      return sendError(response, 400, "the query names one Deployment: namespace=… and deployment=…, once each");
    const pieces = history(filter);
    return sendPieces(response.setHeader("content-type", "application/json"), pieces);
  });
  if (debug) read(app, "/debug", (_request, response) => sendPieces(response.setHeader("content-type", "application/json"), debug()));
  addHealth(app, endpoints);
  read(app, "/metrics", async (_request, response) => {
    const { contentType, text } = await endpoints.metrics();
    response.set("content-type", contentType).send(text);
  });
  addRefusals(app, routes, log);
  return app;
}

async function reconcileBody(results: Result[]): Promise<Buffer> {
  const slices: Buffer[] = [];
  for (let at = 0; at < results.length; at += ENTRIES_PER_TURN) {
    await nextTurn();
    const json = toJson(results.slice(at, at + ENTRIES_PER_TURN).map(reconcileEntry));
    // Without its brackets, one of which becomes what goes in front of it.
    json.write(at === 0 ? "[" : ",");
    slices.push(json.subarray(0, -1));
  }
  return Buffer.concat([...slices, Buffer.from(results.length === 0 ? "[]" : "]")]);
}

/** What the kubelet asks, on a port of its own: nobody's other calls hold it up. */
export function createHealthApp(endpoints: Pick<Endpoints, "health" | "ready">, log: Log): Express {
  const app = plainApp();
  addHealth(app, endpoints);
  addRefusals(app, HEALTH_ROUTES, log);
  return app;
}

const HEALTH_ROUTES: readonly string[] = ["/health", "/ready"];

function addHealth(app: Express, { health, ready }: Pick<Endpoints, "health" | "ready">): void {
  read(app, "/health", (_request, response) => sendJson(response, toJson(health())));
  read(app, "/ready", (_request, response) => {
    ready();
    sendJson(response, toJson({ status: "ready" }));
  });
}

function plainApp(): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  return app;
}

/** Express answers HEAD as GET. */
function read(app: Express, path: string, answer: (request: Request, response: Response) => unknown): void {
  app.get(path, answer);
  app.all(path, (_request, response) => refuseMethod(response, "GET, HEAD"));
}

function addRefusals(app: Express, routes: readonly string[], log: Log): void {
  app.use((request: Request, response: Response) => {
    sendError(response, 404, `no such path: ${request.path}; there are ${routes.join(", ")}`);
  });
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    if (response.headersSent) return void response.destroy();
    const status = error instanceof ReconcileError ? STATUS[error.code] : undefined;
    if (status !== undefined) return sendError(response, status, (error as ReconcileError).message);
    if (error instanceof URIError) return sendError(response, 400, "the path is not a valid URL path");
    log.error({ path: request.path, err: error }, "Request failed");
    sendError(response, 500, "internal error; see the operator's log");
  });
}

function refuseMethod(response: Response, allowed: string): void {
  response.set("allow", allowed);
  sendError(response, 405, `method not allowed; use ${allowed}`);
}
