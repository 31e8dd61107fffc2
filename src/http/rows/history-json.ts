import type { HistoryEntry } from "../../core/branch-history.ts";

/** A change as programs are told of it. */
export function historyJson({ at, commit, from, to, appCommit, appSubject, appAuthor, cluster, by }: HistoryEntry): object {
  return { at, commit, from, to, app_commit: appCommit, app_subject: appSubject, app_author: appAuthor, cluster, by };
}
