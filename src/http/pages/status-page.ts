/** `/status` for a browser: one page from the rows of the text (contract §5). */

import { idOf, type Workload } from "../../core/types.ts";
import { durationInWords } from "../../text/duration-in-words.ts";
import { escapeControl } from "../../text/escape.ts";
import { redacted } from "../../text/redacted.ts";
import { withoutEmojiCode } from "../../text/without-emoji-code.ts";
import type { PageFacts } from "../rows/page-facts.ts";
import { everything, queryText, type StatusQuery } from "../rows/status-query.ts";
import type { TrackedRow } from "../rows/status-row.ts";
import { type IncompleteRow, nothingFound, type StatusRows } from "../rows/status-rows.ts";
import { STATES, type State } from "../rows/status-state.ts";
import { type Html, html } from "./html.ts";
import { ago, badge, nameOf, pageEnd, pageStart, pageTop, pathOf, reasons, reconcileButton, time } from "./page-parts.ts";
import { flowOf } from "./status-flow.ts";

/** Their message says more than the row. */
const WITH_WORDS: ReadonlySet<State> = new Set<State>(["failing", "held", "proposed", "declined", "waiting", "paused"]);

/** Said on the row too, since it is not what people take for granted. */
const BADGES: Partial<Readonly<Record<State, string>>> = { held: "Held", proposed: "Proposed", declined: "Declined", paused: "Paused" };

/** In pieces: one for each row, and an empty one where a row was only looked at. Its beginning comes before any row is asked for. */
export function* statusPage(begin: () => Generator<string, StatusRows>, { redact, show, ...facts }: PageFacts): Generator<string> {
  const { now, query, operator } = facts;
  yield pageStart();
  const { counts, lastAt, shown, namespaces, incomplete, inState, notes } = yield* begin();
  const failing = counts.get("failing") ?? 0;
  const isNarrowed = queryText(query) !== "";
  const all = STATES.map(([id, title]) => ({ id, title, count: counts.get(id) ?? 0 })).filter(({ count }) => count > 0);
  const sections = all.filter(({ id }) => query.state === undefined || query.state === id);
  const trackedCount = sections.reduce((sum, { id, count }) => sum + (id === "incomplete" ? 0 : count), 0);
  const last = lastAt && html`, last result <span id="last">${ago(lastAt, now)}</span>`;
  const heading = html`<h1>gitops-operator</h1>
<p>${trackedCount} tracked ${trackedCount === 1 ? "Deployment" : "Deployments"}${isNarrowed ? " found" : undefined}${last}</p>`;
  yield pageTop(`${failing > 0 ? `${failing} failing · ` : ""}gitops-operator status`, heading, operator, now);
  if (trackedCount > 0) yield reconcileAll(query).toString();
  if (namespaces.length > 0) yield searchForm(query, namespaces).toString();
  yield (all.length > 0 ? summary(all, query) : undefined)?.toString() ?? "";
  if (sections.length === 0) yield html`<p class="none">${nothingFound(facts.isSynced, isNarrowed)}</p>\n`.toString();
  yield "<main>\n";
  for (const { id, title, count } of sections) {
    yield html`<section id="${id}"><h2>${title} <span class="count">${count}</span></h2><ul class="rows">`.toString();
    // Redacted before it is HTML: an escaped secret would not be known as one.
    if (id === "incomplete") for (const row of incomplete) yield show(row, () => `${incompleteItem(redacted(row, redact), query)}`) ?? "";
    else for (const row of inState(id)) yield show(row, () => `${trackedItem(redacted(row, redact), id, facts)}`) ?? "";
    yield "</ul></section>\n";
  }
  yield html`</main>
${reasons([...notes].map(redact), "warnings")}`.toString() + pageEnd(now, eventsPath(query, shown));
}

/** State and text narrow no pass. */
function reconcileAll({ filter }: StatusQuery): Html {
  const what = filter.deployment ?? filter.namespace;
  return reconcileButton(
    what === undefined ? "Reconcile all now" : `Reconcile all of ${escapeControl(what)} now`,
    `/reconcile${queryText({ ...everything, filter })}`,
  );
}

export function eventsPath(query: StatusQuery, shown: string): string {
  const text = queryText(query);
  return `/status/events${text === "" ? "?" : `${text}&`}shown=${shown}`;
}

/** By which the page's script finds a row. */
export function rowId(workload: Workload): string {
  return `w/${escapeControl(idOf(workload)).replaceAll(/\s/g, "_")}`;
}

function searchForm({ filter, state, text }: StatusQuery, namespaces: readonly string[]): Html {
  const option = (value: string, words: string, chosen: string | undefined) =>
    html`<option value="${escapeControl(value)}"${value === (chosen ?? "") ? html` selected` : undefined}>${words}</option>`;
  const kept = (["deployment", "kind"] as const).map((name) => {
    const value = filter[name];
    return value === undefined ? html`` : html`<input type="hidden" name="${name}" value="${escapeControl(value)}">`;
  });
  return html`<form class="search" role="search" action="/status" method="get">
<label>Namespace <select name="namespace">${option("", "all", filter.namespace)}${namespaces.map((name) => option(name, escapeControl(name), filter.namespace))}</select></label>
<label>State <select name="state">${option("", "all", state)}${STATES.map(([id, title]) => option(id, title, state))}</select></label>
<label>Text <input type="search" name="text" value="${escapeControl(text)}" maxlength="253" placeholder="name, image, message"></label>
${kept}<button>Search</button>
</form>
`;
}

/** Leads to the section on the page, or to the page that has it. */
function summary(sections: readonly { readonly id: State; readonly title: string; readonly count: number }[], query: StatusQuery): Html {
  const hrefOf = (id: State) => (query.state === undefined || query.state === id ? `#${id}` : `/status${queryText(query, { state: id })}`);
  const links = sections.map(
    ({ id, title, count }) => html`<a class="${id}" href="${hrefOf(id)}"><b>${count}</b> ${title.toLowerCase()}</a> `,
  );
  return html`<nav aria-label="Summary">${links}</nav>\n`;
}

type ItemFacts = Pick<PageFacts, "now" | "githubHost" | "query">;

export function trackedItem(row: TrackedRow, state: State, { now, githubHost, query }: ItemFacts): Html {
  const { last, lastEvent, warnings } = row;
  const words = BADGES[state];
  return html`<li class="row ${state}" id="${rowId(row)}"><h3>${nameOf(row, pathOf(row) + queryText(query))}${words === undefined ? undefined : badge(state, words)}</h3>
<p class="flow">${flowOf(row, githubHost)}</p>
<p class="when">${last && state !== "disabled" ? sinceWhen(last, now) : undefined}</p>
${last && WITH_WORDS.has(state) ? html`<p class="message">${escapeControl(withoutEmojiCode(last.message))}</p>\n` : undefined}${eventOf(lastEvent, now)}${reasons(warnings, "warnings")}</li>
`;
}

export function incompleteItem(row: IncompleteRow, query: StatusQuery): Html {
  return html`<li class="row incomplete" id="${rowId(row)}"><h3>${nameOf(row, pathOf(row) + queryText(query))}</h3>\n${reasons(row.problems, "problems")}</li>\n`;
}

function eventOf(event: TrackedRow["lastEvent"], now: Date): Html | undefined {
  if (event === undefined) return undefined;
  return html`<p class="event">${event === "none" ? "no event yet" : html`last event: ${event.kind} ${ago(event.at, now)}`}</p>\n`;
}

export function sinceWhen({ since, at }: NonNullable<TrackedRow["last"]>, now: Date): Html {
  const words = `for ${durationInWords(now.getTime() - since.getTime())}`;
  return time(since, words, `since ${since.toISOString()}, last looked at ${at.toISOString()}`, "for");
}
