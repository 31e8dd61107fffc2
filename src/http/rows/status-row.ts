/** A workload as `/status` shows it. */
import { annotationPrefix } from "../../core/annotations.ts";
import type { LastEvent } from "../../core/hints/last-events.ts";
import { matchesImage, parseImageReference } from "../../core/image.ts";
import { isAtTag } from "../../core/is-at-tag.ts";
import { describeOutcome, type RequestLink, requestLink } from "../../core/news/outcome-text.ts";
import type { Outcome } from "../../core/outcome.ts";
import type { Branches, ReadImage } from "../../core/progress.ts";
import { parseRepository } from "../../core/repository.ts";
import type { LastResult } from "../../core/runs/last-result.ts";
import { shaIn } from "../../core/tag-format.ts";
import {
  isDeployment,
  type Repository,
  type Rollout,
  type Tracked,
  type Workload,
  type WorkloadRecord,
  workloadOf,
} from "../../core/types.ts";
import { type Hooks, type Known, shownBranches, shownImage } from "./known.ts";
import { type State, stateOf } from "./status-state.ts";

/** Why a pass did nothing. */
type SkipReason = Extract<Outcome, { kind: "skipped" }>["reason"];

/** An event of a forge or registry, when it came. */
export interface ShownEvent {
  readonly kind: LastEvent["kind"];
  readonly at: Date;
}

export interface TrackedRow extends Workload {
  readonly enabled: boolean;
  readonly branch: string;
  /** Of its template in the cluster; of what is no Deployment as it stands in the file, and undefined before that was read. */
  readonly image: ReadImage | undefined;
  /** Whether all of its template that are the image have the wanted tag; undefined: not known. */
  readonly isAtTag: boolean | undefined;
  readonly rollout: Rollout | undefined;
  /** Undefined: no pass since start. */
  readonly last:
    | {
        readonly at: Date;
        readonly since: Date;
        readonly kind: Outcome["kind"];
        readonly message: string;
        readonly skipped?: SkipReason;
        readonly link?: RequestLink;
      }
    | undefined;
  /** Of the events of forges and registries the last one; undefined: none may come. */
  readonly lastEvent: ShownEvent | "none" | undefined;
  readonly warnings: readonly string[];
  /** Repositories: undefined when their annotation is malformed. */
  readonly app: Repository | undefined;
  /** The one that is wanted, once it is known. */
  readonly tag: string | undefined;
  /** The one that stands in the file, as far as the last run has seen it. */
  readonly gitTag: string | undefined;
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

/** A tracked workload as it was when the page was asked for. */
export interface Seen {
  readonly record: WorkloadRecord;
  readonly parsed: Tracked;
  readonly last: LastResult | undefined;
  readonly branches: Branches;
  readonly lastEvent: TrackedRow["lastEvent"];
  readonly warnings: readonly string[];
  readonly image: ReadImage | undefined;
  readonly state: State;
}

export function seen(record: WorkloadRecord, parsed: Tracked, known: Known): Seen {
  const workload = workloadOf(record);
  const last = known.lastResult(workload);
  return {
    ...{ record, parsed, last },
    branches: shownBranches(parsed, known.branchesOf(workload)),
    lastEvent: lastEventOf(workload, parsed, known.hooks),
    warnings: warningsOf(record, parsed, known),
    image: shownImage(record, parsed, known),
    state: stateOf({
      ...{ enabled: parsed.settings.enabled, rollout: record.rollout, isAtTag: isThere(record, parsed, last) },
      last: last && shownKind(last.outcome),
    }),
  };
}

export function rowOf({ record, parsed, last, branches, lastEvent, warnings, image }: Seen): TrackedRow {
  const { settings } = parsed;
  const tag = wantedTag(last);
  return {
    ...workloadOf(record),
    enabled: settings.enabled,
    branch: branches.observed,
    image,
    isAtTag: isThere(record, parsed, last),
    rollout: record.rollout,
    last: last && {
      at: last.at,
      since: last.since,
      message: describeOutcome(record, last.outcome),
      ...shownKind(last.outcome),
      ...linkOf(last.outcome),
    },
    lastEvent,
    warnings,
    app: repositoryOf(settings.app_repository),
    tag,
    gitTag: last && tagInGit(last.outcome),
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

function shownKind(outcome: Outcome) {
  return { kind: outcome.kind, ...(outcome.kind === "skipped" && { skipped: outcome.reason }) };
}

function linkOf(outcome: Outcome) {
  const link =
    outcome.kind === "proposed" || (outcome.kind === "skipped" && outcome.reason === "declined") ? requestLink(outcome) : undefined;
  return link && { link };
}

function wantedTag(last: LastResult | undefined): string | undefined {
  return last && "to" in last.outcome ? last.outcome.to : undefined;
}

function tagInGit(outcome: Outcome): string | undefined {
  if (outcome.kind === "patched" || outcome.kind === "up_to_date") return outcome.to;
  return "from" in outcome ? outcome.from : undefined;
}

/** Not known where no container of the template is the image: something on the way may have given it another name. */
function isThere(record: WorkloadRecord, parsed: Tracked, last: LastResult | undefined): boolean | undefined {
  const tag = wantedTag(last);
  if (tag === undefined || parsed.kind !== "ready" || !isDeployment(record)) return undefined;
  const { image } = parsed.target;
  const isOurs = record.containers.some((container) => {
    const reference = parseImageReference(container.image);
    return reference && matchesImage(reference, image);
  });
  return isOurs ? isAtTag(record, image, tag) : undefined;
}

function lastEventOf(workload: Workload, { kind, settings }: Tracked, hooks: Hooks): TrackedRow["lastEvent"] {
  const isNamed = hooks.areForAll || settings.hook_secret_name !== undefined;
  if (kind !== "ready" || !isNamed || !hooks.isOpen) return undefined;
  const event = hooks.last(workload);
  return event ? shownEvent(event, hooks.now()) : "none";
}

/** `now`: milliseconds of the clock by which the event was told. */
export function shownEvent({ kind, at }: LastEvent, now: number): ShownEvent {
  return { kind, at: new Date(Date.now() - (now - at)) };
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

function repositoryOf(text: string): Repository | undefined {
  const parsed = parseRepository(text);
  return parsed.kind === "ok" ? parsed.repository : undefined;
}
