/** What `/status`, `/debug` and `/health` show of the cached Deployments. */

import { type AnnotationName, annotationNames, annotations } from "../core/annotations.ts";
import { containerAndVersion, parseImageName } from "../core/image.ts";
import type { Branches } from "../core/progress.ts";
import { parseRepository } from "../core/repository.ts";
import type { LastResult } from "../core/runs/last-result.ts";
import type { DeploymentRecord, Name, Outcome, Parsed, Repository, Rollout, SecretRef, Target } from "../core/types.ts";
import { describeOutcome } from "./reconcile-entry.ts";
import { redacted } from "./redacted.ts";
import { sharedKeyNotes } from "./shared-keys.ts";
import type { WithoutBroken } from "./without-broken.ts";

type Parse = (record: DeploymentRecord) => Parsed;
type BranchesOf = (namespace: string, name: string) => Branches | undefined;
type Tracked = Exclude<Parsed, { kind: "untracked" | "incomplete" }>;

/** Unknown to the original. */
const NEW_HERE: readonly AnnotationName[] = ["image_check", "manifest_branch", "manifest_ssh_key_name", "manifest_ssh_key_namespace"];

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

export interface TrackedRow {
  readonly namespace: string;
  readonly deployment: string;
  readonly enabled: boolean;
  readonly branch: string;
  /** Of its template in the cluster. */
  readonly image: { readonly container: string; readonly version: string };
  readonly rollout: Rollout | undefined;
  /** Undefined: no pass since start. */
  readonly last: { readonly at: Date; readonly since: Date; readonly kind: Outcome["kind"]; readonly message: string } | undefined;
  readonly warnings: readonly string[];
  /** Repositories: undefined when their annotation is malformed. */
  readonly app: Repository | undefined;
  /** The one that is wanted, once it is known. */
  readonly tag: string | undefined;
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

export interface IncompleteRow {
  readonly namespace: string;
  readonly deployment: string;
  readonly problems: readonly string[];
}

/** What RBAC does not let the operator see. */
interface Refusals {
  refusal(namespace: string): string | undefined;
  readonly refusals: readonly string[];
}

/** A tracked Deployment as it was when the page was asked for. */
interface Seen {
  readonly record: DeploymentRecord;
  readonly parsed: Tracked;
  readonly last: LastResult | undefined;
  readonly branches: Branches;
  readonly chatProblem: string | undefined;
}

/** Looks at each record, with a pause behind it. */
export function* statusRows(
  records: readonly DeploymentRecord[],
  { show, broken }: WithoutBroken,
  parse: Parse,
  lastResult: (namespace: string, name: string) => LastResult | undefined,
  isUnboundKey: (ref: SecretRef) => boolean,
  branchesOf: BranchesOf,
  { refusal, refusals }: Refusals,
  chatProblem: (namespace: string, name: string) => string | undefined,
): Generator<"", StatusRows> {
  const targets: Target[] = [];
  const tracked: Seen[] = [];
  const incomplete: IncompleteRow[] = [];
  for (const record of records) {
    const { namespace, name } = record;
    show(nameOf(record), () => {
      const parsed = parse(record);
      if (parsed.kind === "incomplete") incomplete.push({ ...nameOf(record), problems: parsed.problems });
      if (parsed.kind === "ready") targets.push(parsed.target);
      if (!isTracked(parsed)) return;
      const branches = shownBranches(parsed, branchesOf(namespace, name));
      tracked.push({ record, parsed, last: lastResult(namespace, name), branches, chatProblem: chatProblem(namespace, name) });
    });
    yield "";
  }

  function rowOf({ record, parsed, last, branches, chatProblem: problem }: Seen): TrackedRow {
    const row = trackedRow(record, parsed, last, branches);
    const outdated =
      refusal(record.namespace) === undefined ? [] : ["may be out of date: the Deployments of its namespace may not be listed"];
    const refused = problem === undefined ? [] : [`chat messages are not sent, webhook-url can't be used: ${problem}`];
    return { ...nameOf(record), ...row, warnings: [...outdated, ...row.warnings, ...refused] };
  }

  return {
    incomplete,
    tracked: again(function* () {
      for (const seen of tracked) {
        const row = show(nameOf(seen.record), () => rowOf(seen));
        if (row) yield row;
      }
    }),
    notes: again(function* () {
      yield* refusals;
      for (const { namespace, deployment } of broken()) {
        yield `${namespace}/${deployment} can't be shown: a mistake of the operator; report it with the error in the operator's log`;
      }
      yield* sharedKeyNotes(targets, isUnboundKey);
    }),
  };
}

function again<T>(begin: () => Generator<T>): Iterable<T> {
  return { [Symbol.iterator]: begin };
}

function nameOf({ namespace, name }: DeploymentRecord): Name {
  return { namespace, deployment: name };
}

/** What the annotations name; else what the last run found; before the first run what is looked for first. */
function shownBranches({ settings }: Tracked, found: Branches | undefined): Branches {
  const { observe_branch, manifest_branch } = settings;
  return {
    observed: observe_branch ?? found?.observed ?? annotations.observe_branch.default,
    manifests: manifest_branch ?? observe_branch ?? found?.manifests ?? annotations.observe_branch.default,
  };
}

function trackedRow(
  record: DeploymentRecord,
  parsed: Tracked,
  last: LastResult | undefined,
  branches: Branches,
): Omit<TrackedRow, "namespace" | "deployment"> {
  const { settings, warnings } = parsed;
  const tag = last && "to" in last.outcome ? last.outcome.to : undefined;
  return {
    enabled: settings.enabled,
    branch: branches.observed,
    image: imageOf(record, parsed),
    rollout: record.rollout,
    last: last && { at: last.at, since: last.since, kind: last.outcome.kind, message: describeOutcome(record.name, last.outcome) },
    warnings,
    app: repositoryOf(settings.app_repository),
    tag,
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

/** `/debug` in pieces, one for each entry. The cache holds our own annotations only. */
export function* debugText(
  records: readonly DeploymentRecord[],
  parse: Parse,
  branchesOf: BranchesOf,
  { redact, show }: ShowRows,
): Generator<string> {
  let before = "[";
  for (const record of records) {
    const entry = show(nameOf(record), () => {
      const parsed = parse(record);
      if (!isTracked(parsed)) return undefined;
      // Before it is JSON: an escaped secret would not be known as one.
      return JSON.stringify(redacted(debugEntry(record, parsed, branchesOf), redact));
    });
    yield entry === undefined ? "" : before + entry;
    if (entry !== undefined) before = ",";
  }
  yield before === "[" ? "[]" : "]";
}

function debugEntry(record: DeploymentRecord, parsed: Tracked, branchesOf: BranchesOf): object {
  const { container, version } = imageOf(record, parsed);
  const { name, namespace, annotations: texts } = record;
  return { container, name, namespace, annotations: texts, version, config: configOf(record, parsed, branchesOf(namespace, name)) };
}

export function trackedCount(records: readonly DeploymentRecord[], parse: Parse): number {
  return records.filter((record) => isTracked(parse(record))).length;
}

export function isTracked(parsed: Parsed): parsed is Tracked {
  return parsed.kind !== "untracked" && parsed.kind !== "incomplete";
}

/** Of the first container that is the target's, else of the first. */
function imageOf({ containers }: DeploymentRecord, parsed: Tracked): { container: string; version: string } {
  if (parsed.kind === "ready") return containerAndVersion(containers, parsed.target.image);
  const name = parseImageName(parsed.settings.image_name);
  return containerAndVersion(containers, name.kind === "ok" ? name.image : undefined);
}

/** In the original's order and with its names; what it did not know only when set. */
function configOf({ namespace }: DeploymentRecord, parsed: Tracked, found: Branches | undefined): object {
  const settings = { ...parsed.settings, observe_branch: shownBranches(parsed, found).observed };
  const shown = annotationNames
    .filter((name) => settings[name] !== undefined || !NEW_HERE.includes(name))
    .map((name) => [name === "registry_secret_url" ? "registry_url" : name, settings[name] ?? null]);
  const { enabled, ...rest } = Object.fromEntries(shown);
  return { enabled, namespace, ...rest };
}
