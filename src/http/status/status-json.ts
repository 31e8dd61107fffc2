/** `/status` as JSON: what the page says, for programs. Null is what is not known. */
import { commitUrl } from "../../core/commits/web-links.ts";
import { redacted } from "../../text/redacted.ts";
import { jsonList } from "../json-list.ts";
import type { PageFacts } from "../rows/page-facts.ts";
import type { ShownEvent, TrackedRow } from "../rows/status-row.ts";
import type { StatusRows } from "../rows/status-rows.ts";
import { isRolledOut, STATES, stateOf } from "../rows/status-state.ts";

/** In pieces: one for each row. */
export function* statusJson(rows: StatusRows, { redact, show, githubHost, operator, now, isSynced }: PageFacts): Generator<string> {
  const counts = Object.fromEntries(STATES.map(([id]) => [id, rows.counts.get(id) ?? 0]));
  const head = { ...operatorJson(operator, now), synced: isSynced, counts };
  // Before it is JSON: an escaped secret would not be known as one.
  const text = (value: object) => JSON.stringify(redacted(value, redact));
  yield `${text(head).slice(0, -1)},"workloads":`;
  yield* list(rows.tracked, (row) => show(row, () => text(rowJson(row, githubHost))));
  yield ',"incomplete":';
  yield* list(rows.incomplete, (row) => show(row, () => text(row)));
  yield ',"notes":';
  yield* list(rows.notes, (note) => JSON.stringify(redact(note)));
  yield "}";
}

function list<T>(values: Iterable<T>, write: (value: T) => string | undefined): Iterable<string> {
  return jsonList(Iterator.from(values).map(write));
}

function operatorJson(operator: PageFacts["operator"], now: Date): object {
  return {
    version: operator.version,
    cluster: operator.cluster ?? null,
    at: now,
    next_pass_at: operator.nextPassAt() ?? null,
    last_event: eventJson(operator.lastEvent()),
    api_server: operator.apiServer ?? null,
    api_server_heard_at: operator.heardAt() ?? null,
  };
}

export function rowJson(row: TrackedRow, githubHost: string): object {
  const { kind, namespace, name, enabled, branch, image, rollout, last, lastEvent, warnings, app, tag, gitTag, sha, unchecked, manifest } =
    row;
  return {
    ...{ kind, namespace, name, state: stateOf(row), enabled, branch },
    image: image?.container ?? null,
    // Where its template is seen; of what is no Deployment the file's.
    tag: image?.version ?? null,
    tag_wanted: tag ?? null,
    tag_in_git: gitTag ?? null,
    rollout: rollout ?? null,
    rolled_out: isRolledOut(row) ?? null,
    unchecked,
    ...{ action: last?.kind ?? null, message: last?.message ?? null, since: last?.since ?? null, looked_at: last?.at ?? null },
    last_event: eventJson(lastEvent),
    app_commit: sha ?? null,
    app_commit_url: (app && sha && commitUrl(app, sha, githubHost)) ?? null,
    ...{ manifest_branch: manifest.branch, manifest_path: manifest.path, manifest_commit: manifest.commit ?? null },
    manifest_commit_url: (manifest.repository && manifest.commit && commitUrl(manifest.repository, manifest.commit, githubHost)) ?? null,
    warnings,
  };
}

function eventJson(event: ShownEvent | "none" | undefined): object | null {
  return event === undefined || event === "none" ? null : event;
}
