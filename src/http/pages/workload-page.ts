/** The page of one workload: commit → image → manifest commit → rollout, what is awaited, what changed, and how it was understood. */

import type { HistoryEntry } from "../../core/branch-history.ts";
import { commitUrl, fileUrl } from "../../core/commits/web-links.ts";
import { isDeployment, type Repository } from "../../core/types.ts";
import { escapeControl } from "../../text/escape.ts";
import { withoutEmojiCode } from "../../text/without-emoji-code.ts";
import type { PageFacts } from "../rows/page-facts.ts";
import { everything, queryText } from "../rows/status-query.ts";
import type { TrackedRow } from "../rows/status-row.ts";
import { type State, stateOf, titleOf } from "../rows/status-state.ts";
import type { UnderstoodAnnotations } from "../rows/understood.ts";
import type { WorkloadFacts } from "../rows/workload-facts.ts";
import { type Html, html } from "./html.ts";
import { ago, badge, linked, nameOf, pageEnd, pageStart, pageTop, reasons, reconcileButton, short, until } from "./page-parts.ts";
import { clusterWords, requestOf } from "./status-flow.ts";
import { eventsPath, sinceWhen } from "./status-page.ts";

type Facts = Pick<PageFacts, "now" | "githubHost" | "operator" | "query">;

const notKnown = html`<span class="unknown">not known</span>`;

/** The facts have been redacted. */
export function* workloadPage(workload: WorkloadFacts, facts: Facts): Generator<string> {
  const { row, problems, changes, understood } = workload;
  const { now, query } = facts;
  const state: State = row ? stateOf(row) : "incomplete";
  const name = `${isDeployment(workload) ? "" : `${workload.kind} `}${workload.namespace}/${workload.name}`;
  const heading = html`<h1><a href="/status${queryText(query)}">gitops-operator</a></h1>`;
  const { kind, namespace } = workload;
  const one = { ...everything, filter: { namespace, deployment: workload.name, kind } };
  yield pageStart();
  yield pageTop(`${escapeControl(name)}: ${titleOf(state).toLowerCase()} · gitops-operator`, heading, facts.operator, now);
  yield html`<main class="one ${state}">
<h2 class="name">${nameOf(workload)}${badge(state, titleOf(state))}</h2>
${row?.last ? html`<p class="message">${escapeControl(withoutEmojiCode(row.last.message))}</p>\n` : undefined}${reasons(problems, "problems")}${reasons(row?.warnings ?? [], "warnings")}`.toString();
  if (row?.enabled) yield reconcileButton("Reconcile now", `/reconcile${queryText(one)}`).toString();
  if (row) yield wayOf(row, workload, facts).toString();
  yield html`<section><h2>Now</h2><dl class="pairs">
<dt>Awaited</dt><dd>${row ? awaited(row, state, now) : html`the annotations that are missing`}</dd>
${row && html`<dt>Last looked at</dt><dd>${row.last ? ago(row.last.at, now) : html`not since the operator's start`}</dd>\n`}<dt>Next pass</dt><dd>${nextPass(facts)}</dd>
${row?.lastEvent && html`<dt>Last event</dt><dd>${row.lastEvent === "none" ? "none yet" : html`${row.lastEvent.kind} ${ago(row.lastEvent.at, now)}`}</dd>\n`}</dl></section>
`.toString();
  if (row) yield changesOf(changes, row, facts).toString();
  yield annotationsOf(understood).toString();
  yield `</main>\n${pageEnd(now, eventsPath(one, workload.shown))}`;
}

function wayOf(row: TrackedRow, { replicas, commit }: WorkloadFacts, { now, githubHost }: Facts): Html {
  const { app, tag, sha, image, unchecked } = row;
  const version = tag ?? image?.version;
  const subject = commit?.subject === undefined ? html`subject ${notKnown}` : html`${escapeControl(commit.subject)}`;
  const author = commit?.author === undefined ? html`author ${notKnown}` : html`by ${escapeControl(commit.author)}`;
  const age = commit?.time === undefined ? html`age ${notKnown}` : ago(dateOf(commit.time), now);
  const hidden = html`<span class="hidden">subject and author are shown with RECONCILE_TOKEN</span>`;
  const about = commit === undefined ? hidden : html`${subject}<br>${author}, ${age}`;
  const steps: (readonly [string, Html])[] = [
    ["Commit", sha === undefined ? notKnown : html`${linked(short(sha), sha, app && commitUrl(app, sha, githubHost))}<br>${about}`],
    [
      "Image",
      image && version !== undefined
        ? html`<code>${escapeControl(`${image.container}:${version}`)}</code>${unchecked ? badge("unchecked", "Unchecked", "No registry was asked for this image") : undefined}`
        : notKnown,
    ],
    ["Manifest", manifestOf(row, githubHost)],
    ["Rollout", rolloutOf(row, replicas)],
  ];
  return html`<ol class="way">${steps.map(([title, content]) => html`<li><h3>${title}</h3><p>${content}</p></li>`)}</ol>\n`;
}

function manifestOf({ manifest, tag, gitTag }: TrackedRow, githubHost: string): Html {
  const { repository, branch, path, commit } = manifest;
  const file = linked(path, `${path} on ${branch}`, repository && fileUrl(repository, branch, path, githubHost));
  const brought =
    commit === undefined
      ? html`commit ${notKnown}`
      : linked(short(commit), commit, repository && commitUrl(repository, commit, githubHost));
  const isElsewhere = gitTag !== undefined && gitTag !== tag;
  const stands = isElsewhere ? html`<br><span class="still">${escapeControl(short(gitTag))} in git</span>` : undefined;
  return html`${isElsewhere ? undefined : html`${brought}<br>`}${file}<br>on <code>${escapeControl(branch)}</code>${stands}`;
}

function rolloutOf(row: TrackedRow, replicas: number | undefined): Html {
  const words = clusterWords(row);
  if (!isDeployment(row)) return html`${notKnown}: of a ${escapeControl(row.kind)} only the annotations are read`;
  if (row.isAtTag === undefined || (row.rollout === undefined && row.isAtTag))
    return words === undefined || words === "rollout not known" ? notKnown : html`${escapeControl(words)}`;
  if (row.isAtTag && row.rollout === "done")
    return html`done${replicas === undefined ? "" : `: ${replicas} ${replicas === 1 ? "Pod" : "Pods"}`}`;
  return html`<span class="still">${escapeControl(words ?? "not known")}</span>`;
}

function awaited(row: TrackedRow, state: State, now: Date): Html {
  const { last, tag } = row;
  const since = last && html`, ${sinceWhen(last, now)}`;
  switch (state) {
    case "waiting":
      return html`${escapeControl(withoutEmojiCode(last?.message ?? ""))}${since}`;
    case "proposed":
      return html`somebody merges or closes what is proposed${last?.link && html`: ${requestOf(last.link)}`}${since}`;
    case "pushed":
      return html`the cluster runs ${tag === undefined ? "it" : html`<code>${escapeControl(short(tag))}</code>`}${since}`;
    case "held":
    case "declined":
      return html`the next commit of the application${since}`;
    case "failing":
      return html`what failed is put right${since}`;
    case "paused":
      return html`the end of the pause${since}`;
    case "unseen":
      return html`the first pass`;
    default:
      return html`nothing`;
  }
}

function nextPass({ operator, now }: Facts): Html {
  const at = operator.nextPassAt();
  return at ? until(at, now) : html`when it is asked for (there is no timer)`;
}

function changesOf(changes: WorkloadFacts["changes"], row: TrackedRow, facts: Facts): Html {
  if (changes === undefined)
    return html`<section id="changes"><h2>Changes</h2><p class="none hidden">They are shown with RECONCILE_TOKEN. <button type="button" data-token hidden>Show them</button></p></section>\n`;
  if (changes.length === 0)
    return html`<section id="changes"><h2>Changes</h2><p class="none">None is known. They are read two seconds after a pass.</p></section>\n`;
  return html`<section id="changes"><h2>Changes <span class="count">the last ${changes.length}</span></h2><ul class="rows">${changes.map((change) => changeItem(change, row, facts))}</ul></section>\n`;
}

function changeItem(change: HistoryEntry, { app, manifest }: TrackedRow, { now, githubHost }: Facts): Html {
  const { at, commit, from, to, appCommit, appSubject, appAuthor, cluster, by } = change;
  const tag = (text: string | undefined) =>
    text === undefined ? notKnown : html`<code title="${escapeControl(text)}">${escapeControl(short(text))}</code>`;
  const who = by === "operator" ? `gitops-operator${cluster === undefined ? "" : ` (${cluster})`}` : "a person";
  const url = (repository: Repository | undefined, sha: string) => repository && commitUrl(repository, sha, githubHost);
  const cause =
    appCommit === undefined
      ? undefined
      : html`<p class="message">${linked(short(appCommit), appCommit, url(app, appCommit))} ${appSubject === undefined ? undefined : escapeControl(appSubject)}${appAuthor === undefined ? undefined : html` <span class="namespace">by ${escapeControl(appAuthor)}</span>`}</p>\n`;
  return html`<li class="row"><p class="who">${escapeControl(who)}</p>
<p class="flow">${tag(from)} → ${tag(to)} in ${linked(short(commit), commit, url(manifest.repository, commit))}</p>
<p class="when">${ago(new Date(at), now)}</p>
${cause}</li>
`;
}

function annotationsOf({ set, unset }: UnderstoodAnnotations): Html {
  const rows = set.map(
    ({ name, value, from }) =>
      html`<tr${from === "default" ? html` class="default"` : undefined}><th scope="row"><code>${name}</code></th><td><code>${escapeControl(value)}</code></td><td>${escapeControl(from)}</td></tr>\n`,
  );
  const none = unset.length === 0 ? undefined : html`<p class="none">Not set: ${unset.join(", ")}</p>`;
  return html`<section id="annotations"><h2>Annotations as understood</h2>
<table><thead><tr><th scope="col">Annotation</th><th scope="col">Value</th><th scope="col">From</th></tr></thead><tbody>
${rows}</tbody></table>${none}</section>
`;
}

/** `seconds`: of a commit, which may be later than a Date can tell. */
function dateOf(seconds: number): Date {
  return new Date(Math.min(seconds, 8_640_000_000_000) * 1_000);
}
