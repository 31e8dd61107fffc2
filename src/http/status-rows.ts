/** The rows of `/status`, as text and as a page. */
import { annotationPrefix, annotations } from "../core/annotations.ts";
import type { Workloads } from "../core/cluster-ports.ts";
import type { LastEvent } from "../core/hints/last-events.ts";
import { containerAndVersion, parseImageName } from "../core/image.ts";
import { describeOutcome } from "../core/news/outcome-text.ts";
import type { Branches, ReadImage } from "../core/progress.ts";
import { parseRepository } from "../core/repository.ts";
import type { LastResult } from "../core/runs/last-result.ts";
import { shaIn } from "../core/tag-format.ts";
import {
  isDeployment,
  isTracked,
  type Outcome,
  type Parsed,
  placeInWords,
  type Repository,
  type Rollout,
  type SecretRef,
  type Target,
  type Tracked,
  type Workload,
  type WorkloadRecord,
  workloadOf,
} from "../core/types.ts";
import { briefDuration } from "./duration-in-words.ts";
import { sharedKeyNotes } from "./shared-keys.ts";
import type { WithoutBroken } from "./without-broken.ts";

/** What is known of the Deployments by now. */
export interface Known {
  /** `refusals`: what RBAC does not let the operator see. */
  readonly workloads: Pick<Workloads, "list" | "refusal"> & { readonly refusals: readonly string[] };
  readonly parse: (record: WorkloadRecord) => Parsed;
  readonly lastResult: (workload: Workload) => LastResult | undefined;
  /** As the last run found them. */
  readonly branchesOf: (workload: Workload) => Branches | undefined;
  /** Of what is no Deployment, as the last run read it in its file. */
  readonly imageOf: (workload: Workload) => ReadImage | undefined;
  /** Whether its key was bound to no repositories when it was last read. */
  readonly isUnboundKey: (ref: SecretRef) => boolean | undefined;
  readonly chatProblem: (workload: Workload) => string | undefined;
  /** Why builds could not be asked for with the token that is named. */
  readonly buildTokenProblem: (workload: Workload) => string | undefined;
  /** Why nothing could be told on the application's commit. */
  readonly reportProblem: (workload: Workload) => string | undefined;
  readonly hooks: Hooks;
}

interface Hooks {
  /** There is a port for events. */
  readonly isOpen: boolean;
  /** The events of a Secret of the operator's own concern all. */
  readonly areForAll: boolean;
  readonly last: (workload: Workload) => LastEvent | undefined;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

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
  readonly chatProblem: string | undefined;
  readonly lastEvent: string | undefined;
  readonly buildTokenProblem: string | undefined;
  readonly reportProblem: string | undefined;
  readonly image: ReadImage | undefined;
}

/** Looks at each record, with a pause behind it. */
export function* statusRows(known: Known, { show, broken }: WithoutBroken): Generator<"", StatusRows> {
  const { workloads, parse, lastResult, branchesOf, isUnboundKey, chatProblem, buildTokenProblem, reportProblem, hooks } = known;
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
      const branches = shownBranches(parsed, branchesOf(workload));
      const lastEvent = lastEventOf(workload, parsed, hooks);
      const problems = {
        chatProblem: chatProblem(workload),
        buildTokenProblem: buildTokenProblem(workload),
        reportProblem: reportProblem(workload),
      };
      tracked.push({
        record,
        parsed,
        last: lastResult(workload),
        branches,
        ...problems,
        lastEvent,
        image: shownImage(record, parsed, known),
      });
    });
    yield "";
  }

  return {
    incomplete,
    tracked: again(function* () {
      for (const seen of tracked) {
        const row = show(workloadOf(seen.record), () => rowOf(seen, known));
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

/** What the annotations name; else what the last run found; before the first run what is looked for first. */
export function shownBranches({ settings }: Tracked, found: Branches | undefined): Branches {
  const { observe_branch, manifest_branch } = settings;
  return {
    observed: observe_branch ?? found?.observed ?? annotations.observe_branch.default,
    manifests: manifest_branch ?? observe_branch ?? found?.manifests ?? annotations.observe_branch.default,
  };
}

function lastEventOf(workload: Workload, { kind, settings }: Tracked, { isOpen, areForAll, last, now }: Hooks): string | undefined {
  const isNamed = areForAll || settings.hook_secret_name !== undefined;
  if (kind !== "ready" || !isNamed || !isOpen) return undefined;
  const event = last(workload);
  return event ? `last event: ${event.kind} ${briefDuration(now() - event.at)} ago` : "no event yet";
}

function rowOf(
  { record, parsed, last, branches, chatProblem, buildTokenProblem, reportProblem, lastEvent, image }: Seen,
  { workloads, hooks }: Known,
): TrackedRow {
  const { settings } = parsed;
  const tag = last && "to" in last.outcome ? last.outcome.to : undefined;
  const outdated = workloads.refusal(record);
  const hasDeafHook = !hooks.isOpen && settings.hook_secret_name !== undefined;
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
    warnings: [
      ...(outdated === undefined ? [] : [`may be out of date: the ${outdated.what} of its namespace may not be listed`]),
      ...parsed.warnings,
      ...(hasDeafHook ? [`${annotationPrefix}hook_secret_name has no effect, as HOOK_PORT is not set`] : []),
      ...(buildTokenProblem === undefined || parsed.kind !== "ready" || !parsed.target.buildToken
        ? []
        : [`builds are not asked for: ${buildTokenProblem}`]),
      ...(reportProblem === undefined || parsed.kind !== "ready" || !parsed.target.report
        ? []
        : [`the application's commit is not told: ${reportProblem}`]),
      ...(chatProblem === undefined ? [] : [`chat messages are not sent, webhook-url can't be used: ${chatProblem}`]),
    ],
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

/** Of a Deployment that of the first container that is the target's, else of the first. */
export function shownImage(record: WorkloadRecord, parsed: Tracked, { imageOf }: Pick<Known, "imageOf">): ReadImage | undefined {
  if (!isDeployment(record)) return imageOf(workloadOf(record));
  const { containers } = record;
  if (parsed.kind === "ready") return containerAndVersion(containers, parsed.target.image);
  const name = parseImageName(parsed.settings.image_name);
  return containerAndVersion(containers, name.kind === "ok" ? name.image : undefined);
}

/** What `/status` says where it has no Deployment to show. */
export function nothingFound(isSynced: boolean): string {
  return isSynced
    ? "No deployments with gitops.operator annotations were found."
    : "The Kubernetes API server has not given its Deployments yet; see the operator's log for the reason.";
}
