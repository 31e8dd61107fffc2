/** `/status` for a browser: one page without script, from the rows of the text (contract §5). */
import { createHash } from "node:crypto";
import { commitUrl, fileUrl } from "../core/commits/web-links.ts";
import { withoutEmojiCode } from "../core/news/chat-text.ts";
import { isDeployment, type Rollout } from "../core/types.ts";
import { escapeControl } from "../text/escape.ts";
import { durationInWords } from "./duration-in-words.ts";
import { Html, html } from "./html.ts";
import { redacted } from "./redacted.ts";
import { type IncompleteRow, nothingFound, type ShowRows, type StatusRows, type TrackedRow } from "./status-rows.ts";
import { STATUS_STYLE } from "./status-style.ts";

/** Nothing is loaded, run, framed or sent: whatever got past the escaping could do nothing. */
export const STATUS_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STATUS_STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

interface PageFacts extends ShowRows {
  readonly now: Date;
  readonly githubHost: string;
  /** Whether the API server has given its Deployments. */
  readonly isSynced: boolean;
}

/** What people see first is what needs them. */
const SECTIONS = [
  ["failing", "Failing"],
  ["incomplete", "Incomplete"],
  ["held", "Held"],
  ["proposed", "Proposed"],
  ["declined", "Declined"],
  ["waiting", "Waiting"],
  ["unseen", "No pass since start"],
  ["ok", "Up to date"],
  ["paused", "Paused"],
  ["disabled", "Disabled"],
] as const;

type SectionId = (typeof SECTIONS)[number][0];

/** Their message says more than the row. */
const WITH_WORDS: ReadonlySet<SectionId> = new Set<SectionId>(["failing", "held", "proposed", "declined", "waiting", "paused"]);

const SHOWN_OF_SHA = 7;

/** In pieces: one for each row, and an empty one where a row was only looked at. */
export function* statusPage({ tracked, incomplete, notes }: StatusRows, { redact, show, ...facts }: PageFacts): Generator<string> {
  const counts = new Map<SectionId, number>();
  let trackedCount = 0;
  let lastAt = 0;
  for (const row of tracked) {
    trackedCount += 1;
    counts.set(sectionOf(row), (counts.get(sectionOf(row)) ?? 0) + 1);
    lastAt = Math.max(lastAt, row.last?.at.getTime() ?? 0);
    yield "";
  }
  for (const _ of incomplete) {
    counts.set("incomplete", (counts.get("incomplete") ?? 0) + 1);
    yield "";
  }
  const sections = SECTIONS.map(([id, title]) => ({ id, title, count: counts.get(id) ?? 0 })).filter(({ count }) => count > 0);
  const failing = counts.get("failing") ?? 0;
  yield html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${failing > 0 ? `${failing} failing · ` : ""}gitops-operator status</title>
<style>${new Html(STATUS_STYLE)}</style>
</head>
<body>
<header>
<h1>gitops-operator</h1>
<p>${trackedCount} tracked ${trackedCount === 1 ? "Deployment" : "Deployments"}${lastAt > 0 ? html`, last result ${ago(new Date(lastAt), facts.now)}` : undefined}</p>
</header>
${sections.length > 0 ? summary(sections) : html`<p class="none">${nothingFound(facts.isSynced)}</p>`}
<main>
`.toString();
  for (const { id, title, count } of sections) {
    yield html`<section id="${id}"><h2>${title} <span class="count">${count}</span></h2><ul class="rows">`.toString();
    // Redacted before it is HTML: an escaped secret would not be known as one.
    if (id === "incomplete") for (const row of incomplete) yield show(row, () => `${incompleteItem(redacted(row, redact))}`) ?? "";
    for (const row of tracked) {
      yield (sectionOf(row) === id ? show(row, () => `${trackedItem(redacted(row, redact), facts)}`) : undefined) ?? "";
    }
    yield "</ul></section>\n";
  }
  yield html`</main>
${reasons([...notes].map(redact), "warnings")}<footer><p>As of ${time(facts.now, facts.now.toISOString())}. No time reaches back before the operator's start.</p></footer>
</body>
</html>
`.toString();
}

function summary(sections: readonly { readonly id: SectionId; readonly title: string; readonly count: number }[]): Html {
  const links = sections.map(({ id, title, count }) => html`<a class="${id}" href="#${id}"><b>${count}</b> ${title.toLowerCase()}</a> `);
  return html`<nav aria-label="Summary">${links}</nav>`;
}

function sectionOf({ enabled, last }: TrackedRow): SectionId {
  if (!enabled) return "disabled";
  if (!last) return "unseen";
  if (last.kind === "failed") return "failing";
  if (last.kind === "proposed") return "proposed";
  if (last.skipped === "held" || last.skipped === "declined" || last.skipped === "paused") return last.skipped;
  return last.kind === "waiting" || last.kind === "skipped" ? "waiting" : "ok";
}

function trackedItem(row: TrackedRow, { now, githubHost }: Pick<PageFacts, "now" | "githubHost">): Html {
  const { last, lastEvent, warnings } = row;
  const id = sectionOf(row);
  const needsWords = WITH_WORDS.has(id);
  return html`<li class="row ${id}">${nameOf(row)}
<p class="flow">${flowOf(row, githubHost)}</p>
<p class="when">${last && id !== "disabled" ? sinceWhen(last, now) : undefined}</p>
${last && needsWords ? html`<p class="message">${escapeControl(withoutEmojiCode(last.message))}</p>\n` : undefined}${lastEvent === undefined ? undefined : html`<p class="event">${lastEvent}</p>\n`}${reasons(warnings, "warnings")}</li>
`;
}

function incompleteItem(row: IncompleteRow): Html {
  return html`<li class="row incomplete">${nameOf(row)}\n${reasons(row.problems, "problems")}</li>\n`;
}

function nameOf(row: IncompleteRow | TrackedRow): Html {
  const { kind, namespace, name } = row;
  const what = isDeployment(row) ? undefined : html`<span class="namespace">${escapeControl(kind)} </span>`;
  return html`<h3>${what}<span class="namespace">${escapeControl(namespace)}/</span>${escapeControl(name)}</h3>`;
}

function reasons(texts: readonly string[], kind: "warnings" | "problems"): Html | undefined {
  return texts.length === 0 ? undefined : html`<ul class="${kind}">${texts.map((text) => html`<li>${escapeControl(text)}</li>`)}</ul>\n`;
}

/** Application commit → image → manifest commit, as far as they are known. */
function flowOf(row: TrackedRow, githubHost: string): Html {
  const { app, tag, sha, manifest } = row;
  const steps: Html[] = [];
  if (tag !== undefined) steps.push(html`commit ${linked(short(tag), tag, app && sha && commitUrl(app, sha, githubHost))}`);
  steps.push(...imageStep(row));
  const { repository, branch, path, commit } = manifest;
  if (commit !== undefined) {
    steps.push(html`manifest ${linked(short(commit), commit, repository && commitUrl(repository, commit, githubHost))}`);
  } else {
    const url = repository && fileUrl(repository, branch, path, githubHost);
    steps.push(html`manifest ${linked(path, `${path} on ${branch}`, url)}`);
  }
  return html`${steps.map((step, index) => html`${index === 0 ? "" : " "}<span class="step">${index === 0 ? undefined : arrow}${step}</span>`)}`;
}

/** Nothing where no file was read. */
function imageStep(row: TrackedRow): Html[] {
  const { tag, unchecked, image, rollout } = row;
  if (!image) return [];
  const version = tag ?? image.version;
  const isElsewhere = version !== image.version;
  const words = isDeployment(row) ? rolloutInWords(rollout, isElsewhere ? short(image.version) : undefined) : undefined;
  const told = words ?? (isElsewhere && !isDeployment(row) ? `${short(image.version)} in the file` : undefined);
  const still = told === undefined ? undefined : html` <span class="still">(${escapeControl(told)})</span>`;
  return [
    html`image <code title="${escapeControl(`${image.container}:${version}`)}">${escapeControl(`${image.container}:${short(version)}`)}</code>${unchecked ? html` <span class="unchecked">(unchecked)</span>` : undefined}${still}`,
  ];
}

/** `version`: of the template in the cluster, where it is not the wanted one. What runs is known from the status alone. */
function rolloutInWords(rollout: Rollout | undefined, version: string | undefined): string | undefined {
  switch (rollout) {
    case "done":
      return version === undefined ? undefined : `${version} is running`;
    case "under_way":
      return version === undefined ? "being rolled out" : `${version} is being rolled out`;
    case "stuck":
      return version === undefined ? "its rollout is stuck" : `the rollout of ${version} is stuck`;
    case "none":
      return version === undefined ? "scaled to 0" : `${version}, scaled to 0`;
    case undefined:
      return version === undefined ? undefined : `${version} in the cluster`;
  }
}

const arrow = html`<span class="arrow">→</span> `;

function linked(text: string, title: string, url: string | undefined): Html {
  const code = html`<code title="${escapeControl(title)}">${escapeControl(text)}</code>`;
  return url === undefined ? code : html`<a href="${url}">${code}</a>`;
}

function sinceWhen({ since, at }: NonNullable<TrackedRow["last"]>, now: Date): Html {
  const words = `for ${durationInWords(now.getTime() - since.getTime())}`;
  return time(since, words, `since ${since.toISOString()}, last looked at ${at.toISOString()}`);
}

function ago(at: Date, now: Date): Html {
  return time(at, `${durationInWords(now.getTime() - at.getTime())} ago`);
}

function time(at: Date, words: string, title = at.toISOString()): Html {
  return html`<time datetime="${at.toISOString()}" title="${title}">${words}</time>`;
}

/** Commits are known by their beginning; other tags stay whole. */
function short(tag: string): string {
  return /^[0-9a-f]{40,64}$/.test(tag) ? tag.slice(0, SHOWN_OF_SHA) : tag;
}
