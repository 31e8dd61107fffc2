/** What an app is made of: paths, and what answers there. */
import type { Express, Request, Response } from "express";
import { sendError } from "./send-json.ts";

export interface Routes {
  /** As callers are told of them, and as requests are counted. */
  readonly paths: readonly string[];
  /** The beginning of further paths, which are counted together: callers make up their rest. */
  readonly below?: string;
  /** Its answers last as long as somebody looks, which says nothing of how quick answers are. */
  readonly endless?: string;
  readonly add: (app: Express) => void;
}

/** Answers GET, and HEAD as express does of itself; refuses other methods. */
export function read(app: Express, path: string, answer: (request: Request, response: Response) => unknown): void {
  app.get(path, answer);
  app.all(path, (_request, response) => refuseMethod(response, "GET, HEAD"));
}

export function refuseMethod(response: Response, allowed: string): void {
  response.set("allow", allowed);
  sendError(response, 405, `method not allowed; use ${allowed}`);
}
