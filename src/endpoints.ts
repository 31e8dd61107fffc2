import type { Result } from "./core/outcome.ts";
import type { Cause } from "./core/progress.ts";
import type { Attributes, SpanOptions } from "./core/tracer.ts";
import { type Filter, isTracked } from "./core/types.ts";
import { type Reconcile, reconcileRoutes } from "./http/calls/reconcile-routes.ts";
import { debugRoutes, type HealthAnswers, healthRoutes, historyRoutes, metricsRoutes } from "./http/plain/plain-routes.ts";
import type { Routes } from "./http/routes.ts";
import type { StatusKnown } from "./http/rows/page-facts.ts";
import { createPieceSender } from "./http/send-pieces.ts";
import { statusRoutes } from "./http/status/status-routes.ts";

export interface EndpointsOptions extends StatusKnown {
  readonly ask: (filter: Filter, cause: Cause, attributes: Attributes, options: SpanOptions) => Promise<Result[]>;
  readonly ready: HealthAnswers["ready"];
  readonly metrics: () => Promise<{ contentType: string; text: string }>;
  readonly hasDebug: boolean;
  /** What `/reconcile`, `/history` and what repositories say on pages ask for; the other paths stay open, they start nothing. */
  readonly reconcileToken: string | undefined;
  readonly stopping: AbortSignal;
}

/** Which endpoints there are (contract §5), in the order in which callers are told of them. */
export function createEndpoints(options: EndpointsOptions): { readonly all: readonly Routes[]; readonly health: readonly Routes[] } {
  const { workloads, parse, ask, ready, metrics, hasDebug, reconcileToken, stopping, redact, log } = options;
  // One for all: together they take a slice of the event loop and of memory.
  const sendPieces = createPieceSender();
  const reconcile: Reconcile = (filter, { method, headers }) =>
    ask(filter, causeOf(headers), { "http.request.method": method, "http.route": "/reconcile" }, { kind: "server", incoming: headers });
  const health = healthRoutes({
    ready,
    health: () => ({
      status: workloads.synced ? "ok" : "starting",
      tracked_deployments: workloads.list().filter((record) => isTracked(parse(record))).length,
    }),
  });
  return {
    all: [
      reconcileRoutes(reconcile, reconcileToken),
      statusRoutes(options, { sendPieces, reconcileToken, stopping }),
      historyRoutes(options, { redact, sendPieces, reconcileToken }),
      ...(hasDebug ? [debugRoutes(options, { redact, sendPieces, log })] : []),
      health,
      metricsRoutes(metrics),
    ],
    health: [health],
  };
}

/** The kubelet calls itself so, and whoever else does: told in logs and traces alone, nothing depends on it. */
function causeOf(headers: Readonly<Record<string, string | string[] | undefined>>): Cause {
  return headers["user-agent"]?.toString().startsWith("kube-probe/") ? "probe" : "call";
}
