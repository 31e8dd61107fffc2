/** What each endpoint answers (contract §5). */
import type { Log } from "../core/ports.ts";
import type { Cause } from "../core/progress.ts";
import { unknownName } from "../core/runs/unknown-name.ts";
import type { Attributes, SpanOptions } from "../core/tracer.ts";
import { type Filter, isTracked, logFields, type Result } from "../core/types.ts";
import { ReconcileError } from "../errors.ts";
import type { Endpoints } from "./app.ts";
import { debugText } from "./debug-text.ts";
import { type HistoryKnown, historyText } from "./history-text.ts";
import type { Known } from "./known.ts";
import type { OperatorFacts } from "./operator-facts.ts";
import { statusJson } from "./status-json.ts";
import { statusPage } from "./status-page.ts";
import type { StatusQuery } from "./status-query.ts";
import { statusReport } from "./status-report.ts";
import type { StatusForm } from "./status-routes.ts";
import { statusRows } from "./status-rows.ts";
import { createWithoutBroken, type WithoutBroken } from "./without-broken.ts";

interface EndpointsOptions extends Known, Pick<HistoryKnown, "historyOf"> {
  readonly workloads: Known["workloads"] & { readonly synced: boolean };
  readonly ask: (filter: Filter, cause: Cause, attributes: Attributes, options: SpanOptions) => Promise<Result[]>;
  readonly ready: Endpoints["ready"];
  readonly metrics: Endpoints["metrics"];
  readonly githubHost: string;
  readonly operator: OperatorFacts;
  readonly hasDebug: boolean;
  readonly redact: (text: string) => string;
  readonly log: Log;
}

export function createEndpoints(options: EndpointsOptions): Endpoints {
  const { workloads, parse, ask, ready, metrics, githubHost, operator, hasDebug, redact, log } = options;

  function beginPage(): WithoutBroken {
    return createWithoutBroken((workload, err) => log.error({ ...logFields(workload), err }, `${workload.kind} could not be shown`));
  }

  function* inForm(form: StatusForm, query: StatusQuery): Generator<string> {
    const page = { ...beginPage(), redact };
    const facts = { ...page, query, githubHost, operator, now: new Date(), isSynced: workloads.synced };
    const begin = () => statusRows(options, query, page);
    if (form === "page") yield* statusPage(begin, facts);
    else if (form === "json") yield* statusJson(yield* begin(), facts);
    else yield* statusReport(yield* begin(), facts);
  }

  return {
    ...{ ready, metrics },
    reconcile: (filter, { method, headers }) =>
      ask(filter, causeOf(headers), { "http.request.method": method, "http.route": "/reconcile" }, { kind: "server", incoming: headers }),
    status(form, query) {
      const unknown = unknownName(query.filter, workloads.list());
      if (unknown !== undefined) throw new ReconcileError("name_unknown", unknown);
      return inForm(form, query);
    },
    history: (filter) => historyText(options, filter, redact),
    ...(hasDebug && { debug: () => debugText(options, { redact, show: beginPage().show }) }),
    health: () => ({
      status: workloads.synced ? "ok" : "starting",
      tracked_deployments: workloads.list().filter((record) => isTracked(parse(record))).length,
    }),
  };
}

/** The kubelet calls itself so, and whoever else does: told in logs and traces alone, nothing depends on it. */
function causeOf(headers: Readonly<Record<string, string | string[] | undefined>>): Cause {
  return headers["user-agent"]?.toString().startsWith("kube-probe/") ? "probe" : "call";
}
