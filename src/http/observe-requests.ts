/** Tells of every request by its known route: paths that callers make up are one. */
import type { RequestHandler } from "express";

/** Called when a request comes; what it returns, when it is over. */
export type ObserveRequest = (method: string, route: string) => (status: number) => void;

const METHODS = ["GET", "HEAD", "POST"];
/** As proxies name it: the caller hung up before the answer. */
const HUNG_UP = 499;

export function observeRequests(requestStarted: ObserveRequest, routes: readonly string[]): RequestHandler {
  // Each workload has a path.
  const routeOf = (path: string) => (routes.includes(path) ? path : path.startsWith("/status/") ? "/status/*" : "other");
  return (request, response, next) => {
    // It lasts as long as somebody looks, which says nothing of how quick answers are.
    if (request.path === "/status/events") return next();
    const path = request.path.toLowerCase().replace(/(?<=.)\/$/, "");
    const over = requestStarted(METHODS.includes(request.method) ? request.method : "other", routeOf(path));
    response.once("close", () => over(response.writableFinished ? response.statusCode : HUNG_UP));
    next();
  };
}
