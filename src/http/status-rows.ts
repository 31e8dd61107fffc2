/** The rows of `/status`, as text and as a page. */
import { annotationPrefix } from "../core/annotations.ts";
import { describeOutcome } from "../core/news/outcome-text.ts";
import type { Branches, ReadImage } from "../core/progress.ts";
import { parseRepository } from "../core/repository.ts";
import type { LastResult } from "../core/runs/last-result.ts";
import { shaIn } from "../core/tag-format.ts";
import {
  isTracked,
  type Outcome,
  placeInWords,
  type Repository,
  type Rollout,
  type Target,
  type Tracked,
  type Workload,
  type WorkloadRecord,
  workloadOf,
} from "../core/types.ts";
import { briefDuration } from "./duration-in-words.ts";
import { type Hooks, type Known, shownBranches, shownImage } from "./known.ts";
import { sharedKeyNotes } from "./shared-keys.ts";
import type { WithoutBroken } from "./without-broken.ts";

/** What `/status` shows, as text and as a page: plain data, made anew each time that it is gone through, so that it is never all there. */
export interface StatusRows {
  readonly tracked: Iterable<TrackedRow>;
  readonly incomplete: Iterable<IncompleteRow>;
  /** What an administrator should know beside the rows; complete once those have been shown. */
  readonly notes: Iterable<string>;
}

/** How rows become text. */
export interface ShowRows extends Pick<WithoutBroken, "show"> {
  readonly redact: (text: string) => string;
}

/** Why a pass did nothing. */
type SkipReason = Extract<Outcome, { kind: "skipped" }>["reason"];

export interface TrackedRow extends Workload {
  readonly enabled: boolean;
  readonly branch: string;
  /** Of its template in the cluster; of what is no Deployment as it stands in the file, and undefined before that was read. */
  readonly image: ReadImage | undefined;
  readonly rollout: Rollout | undefined;
  /** Undefined: no pass since start. */
  readonly last:
    | { readonly at: Date; readonly since: Date; readonly kind: Outcome["kind"]; readonly message: string; readonly skipped?: SkipReason }
    | undefined;
  /** Of the events of forges and registries the last one, in words; undefined: none may come. */
  readonly lastEvent: string | undefined;
  readonly warnings: readonly string[];
  /** Repositories: undefined when their annotation is malformed. */
  readonly app: Repository | undefined;
  /** The one that is wanted, once it is known. */
  readonly tag: string | undefined;
  /** The application's commit as the tag names it. */
  readonly sha: string | undefined;
  /** It was pushed without asking whether its image is there. */
  readonly unchecked: boolean;
  readonly manifest: {
    readonly repository: Repository | undefined;
    readonly branch: string;
    readonly path: string;
    /** That brought the tag; unknown when it was there at the start. */
    readonly commit: string | undefined;
  };
}

export interface IncompleteRow extends Workload {
  readonly problems: readonly string[];
}

/** A tracked Deployment as it was when the page was asked for. */
interface Seen {
  readonly record: WorkloadRecord;
  readonly parsed: Tracked;
  readonly last: LastResult | undefined;
  readonly branches: Branches;
  readonly lastEvent: string | undefined;
  readonly warnings: readonly string[];
  readonly image: ReadImage | undefined;
}

/** Looks at each record, with a pause behind it. */
export function* statusRows(known: Known, { show, broken }: WithoutBroken): Generator<"", StatusRows> {
  const { workloads, parse, lastResult, branchesOf, isUnboundKey, hooks } = known;
  const targets: Target[] = [];
  const tracked: Seen[] = [];
  const incomplete: IncompleteRow[] = [];
  for (const record of workloads.list()) {
    const workload = workloadOf(record);
    show(workload, () => {
      const parsed = parse(record);
      if (parsed.kind === "incomplete") incomplete.push({ ...workload, problems: parsed.problems });
      if (parsed.kind === "ready") targets.push(parsed.target);
      if (!isTracked(parsed)) return;
      tracked.push({
        ...{ record, parsed },
        last: lastResult(workload),
        branches: shownBranches(parsed, branchesOf(workload)),
        lastEvent: lastEventOf(workload, parsed, hooks),
        warnings: warningsOf(record, parsed, known),
        image: shownImage(record, parsed, known),
      });
    });
    yield "";
  }

  return {
    incomplete,
    tracked: again(function* () {
      for (const seen of tracked) {
        const row = show(workloadOf(seen.record), () => rowOf(seen));
        if (row) yield row;
      }
    }),
    notes: again(function* () {
      yield* workloads.refusals;
      for (const workload of broken()) {
        yield `${placeInWords(workload)} can't be shown: a mistake of the operator; report it with the error in the operator's log`;
      }
      yield* sharedKeyNotes(targets, isUnboundKey);
    }),
  };
}

function again<T>(begin: () => Generator<T>): Iterable<T> {
  return { [Symbol.iterator]: begin };
}

function lastEventOf(workload: Workload, { kind, settings }: Tracked, { isOpen, areForAll, last, now }: Hooks): string | undefined {
  const isNamed = areForAll || settings.hook_secret_name !== undefined;
  if (kind !== "ready" || !isNamed || !isOpen) return undefined;
  const event = last(workload);
  return event ? `last event: ${event.kind} ${briefDuration(now() - event.at)} ago` : "no event yet";
}

function warningsOf(
  record: WorkloadRecord,
  parsed: Tracked,
  { workloads, hooks, chatProblem, buildTokenProblem, reportProblem }: Known,
): readonly string[] {
  const workload = workloadOf(record);
  const target = parsed.kind === "ready" ? parsed.target : undefined;
  const outdated = workloads.refusal(record);
  const hasDeafHook = !hooks.isOpen && parsed.settings.hook_secret_name !== undefined;
  const told = (problem: string | undefined, words: string) => (problem === undefined ? [] : [words + problem]);
  return [
    ...(outdated === undefined ? [] : [`may be out of date: the ${outdated.what} of its namespace may not be listed`]),
    ...parsed.warnings,
    ...(hasDeafHook ? [`${annotationPrefix}hook_secret_name has no effect, as HOOK_PORT is not set`] : []),
    ...(target?.buildToken ? told(buildTokenProblem(workload), "builds are not asked for: ") : []),
    ...(target?.report ? told(reportProblem(workload), "the application's commit is not told: ") : []),
    ...told(chatProblem(workload), "chat messages are not sent, webhook-url can't be used: "),
  ];
}

function rowOf({ record, parsed, last, branches, lastEvent, warnings, image }: Seen): TrackedRow {
  const { settings } = parsed;
  const tag = last && "to" in last.outcome ? last.outcome.to : undefined;
  return {
    ...workloadOf(record),
    enabled: settings.enabled,
    branch: branches.observed,
    image,
    rollout: record.rollout,
    last: last && {
      ...{ at: last.at, since: last.since, kind: last.outcome.kind, message: describeOutcome(record, last.outcome) },
      ...(last.outcome.kind === "skipped" && { skipped: last.outcome.reason }),
    },
    lastEvent,
    warnings,
    app: repositoryOf(settings.app_repository),
    tag,
    sha: tag === undefined || parsed.kind !== "ready" ? undefined : shaIn(tag, parsed.target.tagFormat),
    unchecked: last !== undefined && "unchecked" in last.outcome,
    manifest: {
      repository: repositoryOf(settings.manifest_repository),
      branch: branches.manifests,
      path: settings.deployment_path,
      commit: tag !== undefined && last?.pushed?.to === tag ? last.pushed.commit : undefined,
    },
  };
}

function repositoryOf(text: string): Repository | undefined {
  const parsed = parseRepository(text);
  return parsed.kind === "ok" ? parsed.repository : undefined;
}

/** What `/status` says where it has no Deployment to show. */
export function nothingFound(isSynced: boolean): string {
  return isSynced
    ? "No deployments with gitops.operator annotations were found."
    : "The Kubernetes API server has not given its Deployments yet; see the operator's log for the reason.";
}
