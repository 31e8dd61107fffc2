/** `RECONCILE_TOKEN` (docs/ASSURANCE.md, S14). */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Request, RequestHandler } from "express";
import { sendError } from "./send-json.ts";

/** Answers 401 to who does not send `Authorization: Bearer TOKEN`. */
export function requireToken(token: string): RequestHandler {
  const hasToken = createTokenCheck(token);
  return (request, response, next) => {
    if (hasToken(request)) return next();
    response.set("www-authenticate", "Bearer");
    sendError(response, 401, `${request.path} needs the header 'Authorization: Bearer …' with the operator's RECONCILE_TOKEN`);
  };
}

/** Whether a request has that token, or needs none; the time it takes tells nothing of the token. */
export function createTokenCheck(token: string | undefined): (request: Request) => boolean {
  if (token === undefined) return () => true;
  const expected = digest(token);
  return (request) => {
    const [, sent = ""] = /^bearer +(\S+)$/i.exec(request.get("authorization") ?? "") ?? [];
    return timingSafeEqual(digest(sent), expected);
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
