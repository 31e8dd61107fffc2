/** `RECONCILE_TOKEN` (docs/ASSURANCE.md, S14). */
import { createHash, timingSafeEqual } from "node:crypto";
import type { RequestHandler } from "express";
import { sendError } from "./send-json.ts";

/** Answers 401 to who does not send `Authorization: Bearer TOKEN`; the time it takes tells nothing of the token. */
export function requireToken(token: string): RequestHandler {
  const expected = digest(token);
  return (request, response, next) => {
    const [, sent = ""] = /^bearer +(\S+)$/i.exec(request.get("authorization") ?? "") ?? [];
    if (timingSafeEqual(digest(sent), expected)) return next();
    response.set("www-authenticate", "Bearer");
    sendError(response, 401, `${request.path} needs the header 'Authorization: Bearer …' with the operator's RECONCILE_TOKEN`);
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
