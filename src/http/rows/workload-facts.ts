/** What the page of one workload is made of. */

import type { HistoryEntry } from "../../core/branch-history.ts";
import { isMeant } from "../../core/is-meant.ts";
import type { FoundCommit } from "../../core/runs/findings.ts";
import { type Filter, isDeployment, type Target, type Workload, type WorkloadRecord, workloadOf } from "../../core/types.ts";
import { unknownName } from "../../core/unknown-name.ts";
import { ReconcileError } from "../../errors.ts";
import type { Known } from "./known.ts";
import { createShown } from "./shown.ts";
import { everything } from "./status-query.ts";
import { rowOf, type TrackedRow } from "./status-row.ts";
import { createMatch } from "./status-rows.ts";
import { type OperatorDefaults, type UnderstoodAnnotations, understood } from "./understood.ts";

export interface WorkloadKnown extends Known {
  /** The newest first. */
  readonly historyOf: (target: Target) => readonly HistoryEntry[];
  /** The newest commit that counts, as the last run found it. */
  readonly commitOf: (workload: Workload) => FoundCommit | undefined;
  readonly defaults: OperatorDefaults;
}

export interface WorkloadFacts extends Workload {
  /** Undefined: it is incomplete. */
  readonly row: TrackedRow | undefined;
  readonly problems: readonly string[];
  /** How many Pods it wants; undefined: not known. */
  readonly replicas: number | undefined;
  /** Both undefined: only who has the operator's token may read them. */
  readonly commit: Partial<Omit<FoundCommit, "sha">> | undefined;
  readonly changes: readonly HistoryEntry[] | undefined;
  readonly understood: UnderstoodAnnotations;
  /** All of it in brief: another text where its row has changed. */
  readonly shown: string;
}

const MOST_CHANGES = 20;

/** Without a kind a Deployment, else what has that name. Throws `name_unknown`. */
export function findWorkload({ workloads }: Pick<Known, "workloads">, filter: Filter): WorkloadRecord {
  const records = workloads.list();
  const meant = records.filter((record) => isMeant(record, filter));
  const found = meant.find(isDeployment) ?? meant[0];
  if (found) return found;
  const unknown = unknownName(filter, records) ?? "no workload has gitops.operator annotations";
  throw new ReconcileError("name_unknown", unknown);
}

/** `mayRead`: what repositories say, which `RECONCILE_TOKEN` keeps. */
export function workloadFacts(record: WorkloadRecord, known: WorkloadKnown, mayRead: boolean): WorkloadFacts {
  const workload = workloadOf(record);
  const parsed = known.parse(record);
  const match = createMatch(known, everything, (text) => text)(record, parsed);
  const shown = createShown();
  if (match) shown.add(workload, match.face);
  const changes = parsed.kind === "ready" ? known.historyOf(parsed.target).slice(0, MOST_CHANGES) : [];
  const row = match?.seen && withCommit(rowOf(match.seen), mayRead ? changes : []);
  return {
    ...workload,
    row,
    problems: match?.incomplete?.problems ?? [],
    shown: shown.digest(),
    replicas: record.replicas,
    commit: mayRead ? commitOf(row?.sha, known.commitOf(workload), changes) : undefined,
    changes: mayRead ? changes : undefined,
    understood: understood(record, parsed, known.branchesOf(workload), known.defaults),
  };
}

/** The manifest's commit that brought the tag, where the history knows it and no run of this process made it. */
function withCommit(row: TrackedRow, [newest]: readonly HistoryEntry[]): TrackedRow {
  const { manifest, tag, gitTag } = row;
  const brought = tag !== undefined && gitTag === tag && newest?.to === tag ? newest.commit : undefined;
  return { ...row, manifest: { ...manifest, commit: manifest.commit ?? brought } };
}

/** Of the wanted commit alone: what is known of another one says nothing of it. */
function commitOf(sha: string | undefined, found: FoundCommit | undefined, changes: readonly HistoryEntry[]): WorkloadFacts["commit"] {
  if (sha === undefined) return {};
  if (found?.sha.startsWith(sha)) return found;
  const change = changes.find(({ appCommit }) => appCommit?.startsWith(sha));
  return {
    ...(change?.appAuthor !== undefined && { author: change.appAuthor }),
    ...(change?.appSubject !== undefined && { subject: change.appSubject }),
  };
}
