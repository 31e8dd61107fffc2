/** The way of a tag: application commit → image → manifest commit, as far as they are known. */
import { commitUrl, fileUrl } from "../../core/commits/web-links.ts";
import type { RequestLink } from "../../core/news/outcome-text.ts";
import { isDeployment, type Rollout } from "../../core/types.ts";
import { escapeControl } from "../../text/escape.ts";
import type { TrackedRow } from "../rows/status-row.ts";
import { type Html, html } from "./html.ts";
import { badge, linked, short } from "./page-parts.ts";

export function flowOf(row: TrackedRow, githubHost: string): Html {
  const { app, tag, sha, last } = row;
  const steps: Html[] = [];
  if (tag !== undefined) steps.push(html`commit ${linked(short(tag), tag, app && sha && commitUrl(app, sha, githubHost))}`);
  steps.push(...imageStep(row), manifestStep(row, githubHost));
  if (last?.link) steps.push(requestOf(last.link));
  return html`${steps.map((step, index) => html`${index === 0 ? "" : " "}<span class="step">${index === 0 ? undefined : arrow}${step}</span>`)}`;
}

/** Nothing where no file was read. */
function imageStep(row: TrackedRow): Html[] {
  const { tag, unchecked, image } = row;
  if (!image) return [];
  const version = tag ?? image.version;
  const words = clusterWords(row);
  const still = words === undefined ? undefined : html` <span class="still">(${escapeControl(words)})</span>`;
  return [
    html`image <code title="${escapeControl(`${image.container}:${version}`)}">${escapeControl(`${image.container}:${short(version)}`)}</code>${unchecked ? badge("unchecked", "Unchecked", "No registry was asked for this image") : undefined}${still}`,
  ];
}

function manifestStep({ manifest, tag, gitTag }: TrackedRow, githubHost: string): Html {
  const { repository, branch, path, commit } = manifest;
  const isElsewhere = gitTag !== undefined && tag !== undefined && gitTag !== tag;
  const stands = isElsewhere ? html` <span class="still">(${escapeControl(short(gitTag))} in git)</span>` : undefined;
  if (commit !== undefined)
    return html`manifest ${linked(short(commit), commit, repository && commitUrl(repository, commit, githubHost))}${stands}`;
  const url = repository && fileUrl(repository, branch, path, githubHost);
  return html`manifest ${linked(path, `${path} on ${branch}`, url)}${stands}`;
}

export function requestOf({ words, url }: RequestLink): Html {
  return url === undefined ? html`${words}` : html`<a href="${url}">${words}</a>`;
}

/** What the cluster has, where it is not simply the wanted one. */
export function clusterWords(row: TrackedRow): string | undefined {
  const { tag, image, isAtTag, rollout, last } = row;
  if (!image) return undefined;
  const isElsewhere = isAtTag === false || (tag !== undefined && tag !== image.version);
  // It would be taken for one that runs.
  const unknown = last?.kind === "up_to_date" || last?.kind === "patched" ? "rollout not known" : undefined;
  if (!isDeployment(row)) return isElsewhere ? `${short(image.version)} in the file` : unknown;
  const words = rolloutInWords(rollout, isElsewhere ? short(image.version) : undefined);
  return words ?? (rollout === undefined ? unknown : undefined);
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
