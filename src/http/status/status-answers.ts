/** What `/status` and the pages below it answer, from what is known. */
import { isMeant } from "../../core/is-meant.ts";
import { type Filter, type WorkloadRecord, workloadOf } from "../../core/types.ts";
import { unknownName } from "../../core/unknown-name.ts";
import { ReconcileError } from "../../errors.ts";
import { redacted } from "../../text/redacted.ts";
import { factsOf } from "../pages/page-parts.ts";
import { incompleteItem, rowId, statusPage, trackedItem } from "../pages/status-page.ts";
import { workloadPage } from "../pages/workload-page.ts";
import type { StatusKnown } from "../rows/page-facts.ts";
import { everything, type StatusQuery } from "../rows/status-query.ts";
import { rowOf } from "../rows/status-row.ts";
import { type Match, statusRows } from "../rows/status-rows.ts";
import { createWithoutBroken, tellMistakes, type WithoutBroken } from "../rows/without-broken.ts";
import { findWorkload, workloadFacts } from "../rows/workload-facts.ts";
import type { EventsAnswers } from "./status-events.ts";
import { createStatusFeed } from "./status-feed.ts";
import { statusJson } from "./status-json.ts";
import { statusText } from "./status-text.ts";
import { workloadJson } from "./workload-json.ts";

export type StatusForm = "text" | "page" | "json";

export interface StatusAnswers extends EventsAnswers {
  /** In pieces: made while they are sent, and not before they are wanted. Throws `name_unknown` at once. */
  readonly status: (form: StatusForm, query: StatusQuery) => Iterable<string>;
  /** Of one. `mayRead`: also what repositories say. */
  readonly workload: (form: StatusForm, workload: Filter, query: StatusQuery, mayRead: boolean) => Iterable<string>;
}

export function createStatusAnswers(options: StatusKnown): StatusAnswers {
  const { workloads, githubHost, operator, redact, log } = options;

  const onMistake = tellMistakes(log);
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
    else yield* statusText(yield* begin(), facts);
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
    listen: feed.listen,
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
    status(form, query) {
      const unknown = unknownName(query.filter, workloads.list());
      if (unknown !== undefined) throw new ReconcileError("name_unknown", unknown);
      return inForm(form, query);
    },
    workload(form, filter, query, mayRead) {
      const record = findWorkload(options, filter);
      return one(form, record, query, mayRead);
    },
  };
}
