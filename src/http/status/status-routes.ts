/** `/status`: as text, as a page or as JSON, by what is asked for. Nothing here starts work. */
import type { NextFunction, Request, Response } from "express";
import type { Filter } from "../../core/types.ts";
import { ReconcileError } from "../../errors.ts";
import { errorPage } from "../pages/error-page.ts";
import { STATUS_PAGE_POLICY } from "../pages/page-parts.ts";
import { SCRIPT_PATH, STATUS_SCRIPT } from "../pages/status-script.ts";
import { createTokenCheck } from "../require-token.ts";
import { type Routes, read } from "../routes.ts";
import type { StatusKnown } from "../rows/page-facts.ts";
import { parseStatusQuery } from "../rows/status-query.ts";
import { sendError } from "../send-json.ts";
import type { SendPieces } from "../send-pieces.ts";
import { createStatusAnswers, type StatusAnswers, type StatusForm } from "./status-answers.ts";
import { createEventSender } from "./status-events.ts";

interface StatusRoutesOptions {
  readonly sendPieces: SendPieces;
  /** Asked for where a page says what repositories say. Undefined: anybody may read that. */
  readonly reconcileToken: string | undefined;
  /** When it aborts, what is sent without end ends. */
  readonly stopping: AbortSignal | undefined;
}

const EVENTS_PATH = "/status/events";
/** Longer than those of the page itself, so none is taken for another. */
const WORKLOAD_PATHS = ["/status/:namespace/:name", "/status/:namespace/:kind/:name"] as const;

export function statusRoutes(known: StatusKnown, { sendPieces, reconcileToken, stopping }: StatusRoutesOptions): Routes {
  const answers = createStatusAnswers(known);
  const sendEvents = createEventSender(answers, { stopping });
  const hasToken = createTokenCheck(reconcileToken);

  return {
    ...{ paths: ["/status"], below: "/status/", endless: EVENTS_PATH },
    add(app) {
      // Where people look first; programs are told which paths there are.
      app.get("/", (request: Request, response: Response, next: NextFunction) => {
        if (formOf(request) === "page") response.redirect(303, "/status");
        else next();
      });
      read(app, SCRIPT_PATH.split("?")[0] ?? "", (_request, response) => {
        response.set({ "x-content-type-options": "nosniff", "cache-control": "public, max-age=86400, immutable" });
        response.type("text/javascript").send(STATUS_SCRIPT);
      });
      read(app, EVENTS_PATH, (request, response) => {
        const query = parseStatusQuery(request.query);
        if (typeof query === "string") return refuse(response, "json", 400, query);
        if (request.method === "HEAD") return response.type("text/event-stream").end();
        return sendEvents(request, response, query);
      });
      read(app, "/status", (request, response) => answer(request, response, answers.status));
      for (const path of WORKLOAD_PATHS) {
        read(app, path, (request, response) => {
          const { namespace, name: deployment, kind } = request.params as Record<string, string>;
          const filter = { namespace, deployment, kind } as Filter;
          response.vary("authorization");
          answer(request, response, (form, query) => answers.workload(form, filter, query, hasToken(request)));
        });
      }
    },
  };

  function answer(request: Request, response: Response, make: StatusAnswers["status"]): unknown {
    const form = formOf(request);
    response.vary("accept");
    const query = parseStatusQuery(request.query);
    if (typeof query === "string") return refuse(response, form, 400, query);
    try {
      const pieces = make(form, query);
      setHeaders(response, form);
      return sendPieces(response, pieces);
    } catch (error) {
      if (error instanceof ReconcileError && error.code === "name_unknown") return refuse(response, form, 404, error.message);
      throw error;
    }
  }
}

/** Who takes anything, as curl does, gets the text. */
function formOf(request: Request): StatusForm {
  const type = request.accepts(["text/plain", "text/html", "application/json"]);
  return type === "text/html" ? "page" : type === "application/json" ? "json" : "text";
}

function setHeaders(response: Response, form: StatusForm): void {
  response.set({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store" });
  if (form === "json") return void response.setHeader("content-type", "application/json");
  response.type(form === "page" ? "text/html" : "text/plain");
  if (form === "page") response.set("content-security-policy", STATUS_PAGE_POLICY);
}

function refuse(response: Response, form: StatusForm, status: number, message: string): void {
  if (form !== "page") {
    sendError(response, status, message);
    return;
  }
  setHeaders(response, form);
  response.status(status).send(errorPage(message));
}
