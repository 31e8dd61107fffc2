/** A server's answers: its routes one after the other, and what is said where none answers or one fails. It knows none of them. */
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { Log } from "../core/ports.ts";
import { type ErrorCode, ReconcileError } from "../errors.ts";
import { type ObserveRequest, observeRequests } from "./observe-requests.ts";
import type { Routes } from "./routes.ts";
import { sendError } from "./send-json.ts";

/** Of failures that are no mistake of ours. */
const STATUS: Partial<Record<ErrorCode, number>> = { name_unknown: 404, cluster_unsynced: 503, shutdown: 503 };

export function createApp(routes: readonly Routes[], log: Log, requestStarted?: ObserveRequest): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  if (requestStarted) app.use(observeRequests(requestStarted, routes));
  for (const { add } of routes) add(app);
  const paths = routes.flatMap(({ paths }) => paths);
  app.use((request: Request, response: Response) => {
    sendError(response, 404, `no such path: ${request.path}; there are ${paths.join(", ")}`);
  });
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    if (response.headersSent) return void response.destroy();
    const status = error instanceof ReconcileError ? STATUS[error.code] : undefined;
    if (status !== undefined) return sendError(response, status, (error as ReconcileError).message);
    if (error instanceof URIError) return sendError(response, 400, "the path is not a valid URL path");
    log.error({ path: request.path, err: error }, "Request failed");
    sendError(response, 500, "internal error; see the operator's log");
  });
  return app;
}
