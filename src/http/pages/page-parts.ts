/** What the pages have in common: their head, names, times and links. */
import { createHash } from "node:crypto";
import { isDeployment, type Workload } from "../../core/types.ts";
import { durationInWords } from "../../text/duration-in-words.ts";
import { escapeControl } from "../../text/escape.ts";
import type { OperatorFacts } from "../rows/operator-facts.ts";
import { Html, html } from "./html.ts";
import { SCRIPT_PATH } from "./status-script.ts";
import { STATUS_STYLE } from "./status-style.ts";

/** Nothing but the page's own style and script is applied, nothing is framed or sent elsewhere: whatever got past the escaping could do nothing. */
export const STATUS_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STATUS_STYLE).digest("base64")}'`,
  "script-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const SHOWN_OF_SHA = 7;

/** Up to where the title follows: it is sent before anything is looked at. */
export function pageStart(): string {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>${new Html(STATUS_STYLE)}</style>
<script src="${SCRIPT_PATH}" defer></script>
`.toString();
}

/** `heading`: instead of the program's name alone. */
export function pageTop(title: string, heading: Html, facts: OperatorFacts, now: Date): string {
  return html`<title>${title}</title>
</head>
<body>
<header>
${heading}
${factsOf(facts, now)}</header>
`.toString();
}

/** `events`: where the page's script hears of changes. */
export function pageEnd(now: Date, events: string): string {
  return html`<footer data-events="${events}"><p>As of ${time(now, now.toISOString())}. No time reaches back before the operator's start.</p></footer>
<p id="live" role="status" hidden></p>
<dialog id="token" aria-labelledby="token-title"><form method="dialog">
<p id="token-title"><b>The operator asks for its token</b></p>
<p><label>RECONCILE_TOKEN <input type="password" autocomplete="off" required></label></p>
<p class="none">It is kept in this page alone, until it is closed.</p>
<p><button value="send">Send</button> <button value="cancel" formnovalidate>Cancel</button></p>
</form></dialog>
</body>
</html>
`.toString();
}

/** Shown by the page's script alone: without it, nothing on the page starts work. */
export function reconcileButton(words: string, path: string): Html {
  return html`<p class="act" hidden><button type="button" id="reconcile" data-path="${path}">${words}</button> <span id="outcome" role="status"></span></p>
`;
}

/** What is said of the operator. */
export function factsOf(facts: OperatorFacts, now: Date): Html {
  const { version, cluster, apiServer } = facts;
  const heard = facts.heardAt();
  const nextPass = facts.nextPassAt();
  const event = facts.lastEvent();
  const watch = heard === undefined ? "not heard yet" : html`heard ${ago(heard, now)}`;
  const items: (readonly [string, Html | string])[] = [
    ["Version", version],
    ["Cluster", cluster ?? "not named"],
    ["Next pass", nextPass === undefined ? "when it is asked for" : until(nextPass, now)],
    ...(event === undefined ? [] : [["Last event", event === "none" ? "none yet" : html`${event.kind} ${ago(event.at, now)}`] as const]),
    ["API server", html`${apiServer === undefined ? undefined : html`${escapeControl(apiServer)}, `}${watch}`],
  ];
  return html`<dl class="facts">${items.map(([term, text]) => html`<div><dt>${term}</dt><dd>${typeof text === "string" ? escapeControl(text) : text}</dd></div>`)}</dl>\n`;
}

export function nameOf(row: Workload, href?: string): Html {
  const { kind, namespace, name } = row;
  const what = isDeployment(row) ? undefined : html`<span class="namespace">${escapeControl(kind)} </span>`;
  const words = html`${what}<span class="namespace">${escapeControl(namespace)}/</span>${escapeControl(name)}`;
  return href === undefined ? words : html`<a href="${href}">${words}</a>`;
}

/** Its own page. */
export function pathOf(workload: Workload): string {
  const { kind, namespace, name } = workload;
  const parts = isDeployment(workload) ? [namespace, name] : [namespace, kind, name];
  return `/status/${parts.map((part) => encodeURIComponent(part.toWellFormed())).join("/")}`;
}

export function reasons(texts: readonly string[], kind: "warnings" | "problems"): Html | undefined {
  return texts.length === 0 ? undefined : html`<ul class="${kind}">${texts.map((text) => html`<li>${escapeControl(text)}</li>`)}</ul>\n`;
}

export function badge(kind: string, words: string, title?: string): Html {
  return html` <span class="badge ${kind}"${title === undefined ? undefined : html` title="${escapeControl(title)}"`}>${words}</span>`;
}

export function linked(text: string, title: string, url: string | undefined): Html {
  const code = html`<code title="${escapeControl(title)}">${escapeControl(text)}</code>`;
  return url === undefined ? code : html`<a href="${url}">${code}</a>`;
}

export function ago(at: Date, now: Date): Html {
  return time(at, `${durationInWords(now.getTime() - at.getTime())} ago`, at.toISOString(), "ago");
}

export function until(at: Date, now: Date): Html {
  return time(at, `in ${durationInWords(at.getTime() - now.getTime())}`, at.toISOString(), "in");
}

/** `form`: in which words the page's script counts it on. */
export function time(at: Date, words: string, title = at.toISOString(), form?: "ago" | "for" | "in"): Html {
  const counted = form === undefined ? undefined : html` data-form="${form}"`;
  return html`<time datetime="${at.toISOString()}" title="${title}"${counted}>${words}</time>`;
}

/** Commits are known by their beginning; other tags stay whole. */
export function short(tag: string): string {
  return /^[0-9a-f]{40,64}$/.test(tag) ? tag.slice(0, SHOWN_OF_SHA) : tag;
}
