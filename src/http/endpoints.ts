/** What each endpoint answers (contract §5). */

import type { Result } from "../core/outcome.ts";
import type { Log } from "../core/ports.ts";
import type { Cause } from "../core/progress.ts";
import { isMeant } from "../core/runs/is-meant.ts";
import { unknownName } from "../core/runs/unknown-name.ts";
import type { Attributes, SpanOptions } from "../core/tracer.ts";
import { type Filter, isTracked, logFields, type Workload, type WorkloadRecord, workloadOf } from "../core/types.ts";
import { ReconcileError } from "../errors.ts";
import type { Endpoints } from "./app.ts";
import { debugText } from "./debug-text.ts";
import { historyText } from "./history-text.ts";
import type { OperatorFacts } from "./operator-facts.ts";
import { factsOf } from "./page-parts.ts";
import { redacted } from "./redacted.ts";
import { createStatusFeed } from "./status-feed.ts";
import { statusJson } from "./status-json.ts";
import { incompleteItem, rowId, statusPage, trackedItem } from "./status-page.ts";
import { everything, type StatusQuery } from "./status-query.ts";
import { statusReport } from "./status-report.ts";
import type { StatusForm } from "./status-routes.ts";
import { rowOf } from "./status-row.ts";
import { type Match, statusRows } from "./status-rows.ts";
import { createWithoutBroken, type WithoutBroken } from "./without-broken.ts";
import { findWorkload, type WorkloadKnown, workloadFacts } from "./workload-facts.ts";
import { workloadJson } from "./workload-json.ts";
import { workloadPage } from "./workload-page.ts";

interface EndpointsOptions extends WorkloadKnown {
  readonly workloads: WorkloadKnown["workloads"] & { readonly synced: boolean };
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

  const onMistake = (workload: Workload, err: unknown) => log.error({ ...logFields(workload), err }, `${workload.kind} could not be shown`);
  const beginPage = (): WithoutBroken => createWithoutBroken(onMistake);

  function itemOf(match: Match, query: StatusQuery): string {
    const facts = { query, githubHost, now: new Date() };
    const item = match.seen
      ? trackedItem(redacted(rowOf(match.seen), redact), match.state, facts)
      : incompleteItem(redacted(match.incomplete, redact), query);
    return item.toString();
  }

  function* inForm(form: StatusForm, query: StatusQuery): Generator<string> {
    const page = { ...beginPage(), redact };
    const facts = { ...page, query, githubHost, operator, now: new Date(), isSynced: workloads.synced };
    const begin = () => statusRows(options, query, page);
    if (form === "page") yield* statusPage(begin, facts);
    else if (form === "json") yield* statusJson(yield* begin(), facts);
    else yield* statusReport(yield* begin(), facts);
  }

  function* one(form: StatusForm, record: WorkloadRecord, query: StatusQuery, mayRead: boolean): Generator<string> {
    if (form === "text") return yield* inForm(form, { ...everything, filter: { ...workloadOf(record), deployment: record.name } });
    const facts = { query, githubHost, operator, now: new Date() };
    // Before it is HTML or JSON: an escaped secret would not be known as one.
    const workload = redacted(workloadFacts(record, options, mayRead), redact);
    if (form === "page") yield* workloadPage(workload, facts);
    else yield JSON.stringify(workloadJson(workload, facts));
  }

  const feed = createStatusFeed({ known: options, redact, onMistake });

  return {
    ...{ ready, metrics, listen: feed.listen },
    changesText({ rows, gone, counts }, query) {
      const { show } = beginPage();
      const row = ({ workload, match }: (typeof rows)[number]) =>
        show(workload, () => ({ id: rowId(workload), state: match.state, html: itemOf(match, query) }));
      return JSON.stringify({
        rows: rows.flatMap((one) => row(one) ?? []),
        gone: gone.map(rowId),
        ...(counts && { counts: Object.fromEntries(counts) }),
      });
    },
    factsText({ filter }) {
      const times = workloads.list().map((record) => (isMeant(record, filter) ? (options.lastResult(record)?.at.getTime() ?? 0) : 0));
      const lastAt = times.reduce((latest, at) => Math.max(latest, at), 0);
      return JSON.stringify({ facts: factsOf(operator, new Date()).toString(), ...(lastAt > 0 && { lastAt: new Date(lastAt) }) });
    },
    *shown(query) {
      return (yield* statusRows(options, query, { ...beginPage(), redact })).shown;
    },
    reconcile: (filter, { method, headers }) =>
      ask(filter, causeOf(headers), { "http.request.method": method, "http.route": "/reconcile" }, { kind: "server", incoming: headers }),
    status(form, query) {
      const unknown = unknownName(query.filter, workloads.list());
      if (unknown !== undefined) throw new ReconcileError("name_unknown", unknown);
      return inForm(form, query);
    },
    workload(form, filter, query, mayRead) {
      const record = findWorkload(options, filter);
      return one(form, record, query, mayRead);
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
