/** The word back on the application's commits: what each is to say, and that it comes to say it, whatever happens to its forge meanwhile. */

import { createBoundedMap } from "../../sharing/bounded-map.ts";
import type { Workloads } from "../cluster-ports.ts";
import { isAtTag } from "../is-at-tag.ts";
import type { Outcome } from "../outcome.ts";
import type { Clock, ReportPlace } from "../ports.ts";
import { createRecordLooks } from "../record-looks.ts";
import { idOf, type Target, type Workload, workloadOf } from "../types.ts";
import { formsToPost, isRollingOut, isSuperseded, leave, type Mark, newMark, type ReportTarget, reportTarget, setStage } from "./mark.ts";
import { createMarkPoster, type MarkPosterOptions } from "./mark-poster.ts";
import { createReportQueue, type QueuedMark } from "./report-queue.ts";
import { type CommitStage, isTrouble, type RunFound, stagesOf } from "./report-stages.ts";
import { hasRun, type ReportStage, reportOf } from "./report-state.ts";

interface CommitReportsOptions extends MarkPosterOptions {
  readonly workloads: Pick<Workloads, "get">;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  readonly graceMs: number;
  /** Why nothing can be posted; undefined: it can. Not a word of a secret. */
  readonly onProblem: (workload: Workload, problem: string | undefined) => void;
}

/** Of one Deployment. */
interface Entry {
  readonly workload: Workload;
  /** By SHA; the one that a run looked at last comes last. */
  readonly marks: Map<string, Mark>;
  /** Runs in a row that failed without a word about the image. */
  troubleRuns: number;
  /** What an operator that stopped has left behind was looked for. */
  isHealed: boolean;
  /** The last run that read the commit did so without a key. */
  isUnopened: boolean;
}

const MOST_BYTES = 16 * 2 ** 20;
const MARK_BYTES = 4_096;
const MOST_MARKS = 8;
/** Words that are true for less are not told. */
const SETTLE_MS = 2_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 300_000;
/** Whoever has to correct a token or its rights is not to fill the forge's log meanwhile. */
const REFUSED_MS = 600_000;
const UNOPENED =
  "app_repository is read without a key, so nothing shows that its commits are yours to mark; name a Secret that opens it by gitops.operator.ssh_key_name";

export function createCommitReports(options: CommitReportsOptions) {
  const { workloads, clock, stopping, cluster, graceMs, onProblem } = options;
  const entries = createBoundedMap<Entry>(MOST_BYTES, ({ marks }) => marks.size * MARK_BYTES);
  const post = createMarkPoster(options);
  const queue = createReportQueue({ clock, stopping, deliver, onDropped });
  const looks = createRecordLooks({
    ...{ workloads, stopping },
    *watched() {
      for (const entry of entries.values()) if (isWatched(entry)) yield entry.workload;
    },
    onRecord(workload) {
      const entry = entries.get(idOf(workload));
      if (entry) considerAll(entry);
    },
  });

  function ended(target: Target, found: RunFound, outcome: Outcome): void {
    const { tip } = found;
    const id = idOf(target);
    const kept = reportTarget(target);
    if (!kept) entries.delete(id);
    if (!kept || !(tip || found.isUnopened)) return;
    const entry: Entry = entries.get(id) ?? newEntry(workloadOf(target));
    if (entry.isUnopened || found.isUnopened) onProblem(entry.workload, found.isUnopened ? UNOPENED : undefined);
    entry.isUnopened = found.isUnopened === true;
    if (!tip) return void entries.set(id, entry, target.namespace);
    entry.troubleRuns = isTrouble(outcome) ? entry.troubleRuns + 1 : 0;
    const ref = tip.release === undefined ? { name: tip.origin, isTag: false } : { name: tip.release, isTag: true };
    const stages = stagesOf({ ...found, tip }, outcome, entry.troubleRuns, graceMs);
    for (const stage of stages) look(entry, kept, stage, ref);
    const isWritten = (outcome.kind === "patched" || outcome.kind === "up_to_date") && outcome.to === tip.tag;
    if (isWritten && !entry.isHealed) {
      entry.isHealed = true;
      // The commit before it may wait since an operator stopped that knew of it.
      if (tip.parent !== undefined && !entry.marks.has(tip.parent)) {
        const left = { kind: "left", why: { supersededBy: tip.sha } } as const;
        look(entry, kept, [{ sha: tip.parent, tag: "" }, left], ref);
      }
    }
    for (const mark of entry.marks.values()) {
      if (isSuperseded(mark, tip.sha, stages, outcome)) leave(mark, { supersededBy: tip.sha });
    }
    for (const sha of entry.marks.keys()) if (entry.marks.size > MOST_MARKS) entry.marks.delete(sha);
    entries.set(id, entry, target.namespace);
    considerAll(entry);
  }

  function look(entry: Entry, target: ReportTarget, stage: CommitStage, ref: ReportPlace["ref"]): void {
    const [{ sha }] = stage;
    const before = entry.marks.get(sha);
    // What another repository or environment was told is not what this one was.
    const isSame =
      before &&
      JSON.stringify([before.target.appRepository, before.target.report]) === JSON.stringify([target.appRepository, target.report]);
    const mark = isSame ? before : newMark(target, stage, ref);
    entry.marks.delete(sha);
    entry.marks.set(sha, mark);
    mark.target = target;
    setStage(mark, stage[1], clock.now());
  }

  function considerAll(entry: Entry): void {
    for (const mark of entry.marks.values()) consider(mark);
    if (isWatched(entry)) looks.start();
  }

  /** Decides what the commit is to say, and sees that it does. */
  function consider(mark: Mark): void {
    if (mark.stage.kind !== "pushed" || !mark.wanted || !hasRun(mark.wanted)) {
      const { target, tag } = mark;
      const record = workloads.get(target);
      const isThere = record !== undefined && isAtTag(record, target.image, tag);
      const rollout = isThere ? { state: record.rollout, replicas: record.replicas ?? 0 } : undefined;
      const facts = { workload: target, image: target.image, tag, cluster: cluster ?? target.namespace, rollout };
      mark.wanted = reportOf({ ...facts, stage: timed(mark) }) ?? mark.wanted;
    }
    if (mark.isQueued || mark.refusedUntil > clock.now() || formsToPost(mark).length === 0) return;
    mark.isQueued = true;
    void later(mark, SETTLE_MS);
  }

  function timed({ stage, pushedAt }: Mark): ReportStage {
    return stage.kind === "pushed" && pushedAt !== undefined ? { ...stage, toRunMs: clock.now() - pushedAt } : stage;
  }

  async function later({ target, sha }: Mark, ms: number): Promise<void> {
    await clock.sleep(ms, stopping).catch(() => undefined);
    queue.push({ host: target.appRepository.host, namespace: target.namespace, id: idOf(target), sha });
  }

  async function deliver({ id, sha }: QueuedMark): Promise<"answered" | "unanswered"> {
    const mark = entries.get(id)?.marks.get(sha);
    if (!mark) return "answered";
    const trouble = await post(mark);
    if (trouble && trouble.kind !== "refused") {
      mark.failures += 1;
      void later(mark, Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (mark.failures - 1)));
      return trouble.kind === "unavailable" ? "unanswered" : "answered";
    }
    mark.isQueued = false;
    mark.failures = 0;
    if (trouble) mark.refusedUntil = clock.now() + REFUSED_MS;
    onProblem(workloadOf(mark.target), trouble?.reason);
    // There may be other words by now.
    const entry = entries.get(id);
    if (entry?.marks.get(sha) === mark) considerAll(entry);
    return "answered";
  }

  function onDropped({ id, sha }: QueuedMark): void {
    const mark = entries.get(id)?.marks.get(sha);
    if (mark) mark.isQueued = false;
  }

  function leaveAll(entry: Entry, why: "disabled" | "deleted"): void {
    for (const mark of entry.marks.values()) leave(mark, why);
    considerAll(entry);
  }

  return {
    ended,
    /** The build of the newest commit is awaited, in a run that has not ended. */
    awaiting(target: Target, { tip }: RunFound): void {
      if (tip) ended(target, { tip, verdict: { kind: "waiting", text: "" } }, { kind: "waiting", step: "", to: tip.tag });
    },
    disabled(workload: Workload): void {
      const entry = entries.get(idOf(workload));
      if (entry) leaveAll(entry, "disabled");
    },
    /** Says the last word of the Deployments that are not among these. */
    retain(workloads: readonly Workload[]): void {
      const ids = new Set(workloads.map(idOf));
      for (const entry of [...entries.values()]) {
        const id = idOf(entry.workload);
        if (ids.has(id)) continue;
        leaveAll(entry, "deleted");
        // What is still to be said keeps it.
        if (![...entry.marks.values()].some(({ isQueued }) => isQueued)) entries.delete(id);
      }
    },
  };
}

function newEntry(workload: Workload): Entry {
  return { workload, marks: new Map(), troubleRuns: 0, isHealed: false, isUnopened: false };
}

/** Its rollout is looked at. */
function isWatched({ marks }: Entry): boolean {
  return [...marks.values()].some(isRollingOut);
}
