/** `/history`, `/debug`, `/health`, `/ready` and `/metrics` (contract §5): what is known, as it is. */
import type { Response } from "express";
import type { Log } from "../../core/ports.ts";
import { parseQueryFilter } from "../query-filter.ts";
import { requireToken } from "../require-token.ts";
import { type Routes, read } from "../routes.ts";
import type { Known } from "../rows/known.ts";
import { createWithoutBroken, tellMistakes } from "../rows/without-broken.ts";
import { sendError, sendJson, toJson } from "../send-json.ts";
import type { SendPieces } from "../send-pieces.ts";
import { debugText } from "./debug-text.ts";
import { type HistoryKnown, historyText } from "./history-text.ts";

interface TextOptions {
  readonly redact: (text: string) => string;
  readonly sendPieces: SendPieces;
}

/** `reconcileToken`: undefined, anybody may read it. */
export function historyRoutes(
  known: HistoryKnown,
  { redact, sendPieces, reconcileToken }: TextOptions & { readonly reconcileToken: string | undefined },
): Routes {
  const path = "/history";
  return {
    paths: [path],
    add(app) {
      if (reconcileToken !== undefined) app.all(path, requireToken(reconcileToken));
      read(app, path, (request, response) => {
        const filter = parseQueryFilter(request.query);
        if (!filter || filter.namespace === undefined || filter.deployment === undefined)
          return sendError(response, 400, "the query names one Deployment: namespace=… and deployment=…, once each");
        const pieces = historyText(known, filter, redact);
        return sendPieces(asJson(response), pieces);
      });
    },
  };
}

export function debugRoutes(known: Known, { redact, sendPieces, log }: TextOptions & { readonly log: Pick<Log, "error"> }): Routes {
  const debug = () => debugText(known, { redact, show: createWithoutBroken(tellMistakes(log)).show });
  return {
    paths: ["/debug"],
    add: (app) => read(app, "/debug", (_request, response) => sendPieces(asJson(response), debug())),
  };
}

export interface HealthAnswers {
  readonly health: () => { status: "ok" | "starting"; tracked_deployments: number };
  /** Throws what `/reconcile` would be refused with. */
  readonly ready: () => void;
}

/** What the kubelet asks. */
export function healthRoutes({ health, ready }: HealthAnswers): Routes {
  return {
    paths: ["/health", "/ready"],
    add(app) {
      read(app, "/health", (_request, response) => sendJson(response, toJson(health())));
      read(app, "/ready", (_request, response) => {
        ready();
        sendJson(response, toJson({ status: "ready" }));
      });
    },
  };
}

export function metricsRoutes(metrics: () => Promise<{ contentType: string; text: string }>): Routes {
  return {
    paths: ["/metrics"],
    add: (app) =>
      read(app, "/metrics", async (_request, response) => {
        const { contentType, text } = await metrics();
        response.set("content-type", contentType).send(text);
      }),
  };
}

function asJson(response: Response): Response {
  return response.setHeader("content-type", "application/json");
}
