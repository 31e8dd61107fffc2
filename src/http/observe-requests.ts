/** Tells of every request by its known route: paths that callers make up are one. */
import type { RequestHandler } from "express";
import type { Routes } from "./routes.ts";

/** Called when a request comes; what it returns, when it is over. */
export type ObserveRequest = (method: string, route: string) => (status: number) => void;

const METHODS = ["GET", "HEAD", "POST"];
/** As proxies name it: the caller hung up before the answer. */
const HUNG_UP = 499;

export function observeRequests(requestStarted: ObserveRequest, routes: readonly Omit<Routes, "add">[]): RequestHandler {
  const routeOf = (path: string) => {
    if (routes.some(({ paths }) => paths.includes(path))) return path;
    const below = routes.find(({ below }) => below !== undefined && path.startsWith(below))?.below;
    return below === undefined ? "other" : `${below}*`;
  };
  return (request, response, next) => {
    if (routes.some(({ endless }) => endless === request.path)) return next();
    const path = request.path.toLowerCase().replace(/(?<=.)\/$/, "");
    const over = requestStarted(METHODS.includes(request.method) ? request.method : "other", routeOf(path));
    response.once("close", () => over(response.writableFinished ? response.statusCode : HUNG_UP));
    next();
  };
}
