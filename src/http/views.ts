/** What `/status`, `/debug` and `/health` show of the cached Deployments. */
import { type AnnotationName, annotationNames, annotations } from "../core/annotations.ts";
import { containerAndVersion, parseImageName } from "../core/image.ts";
import type { LastResult } from "../core/last-result.ts";
import type { Branches } from "../core/reconcile.ts";
import { parseRepository } from "../core/repository.ts";
import { sharedKeyNotes } from "../core/shared-keys.ts";
import type { DeploymentRecord, Outcome, Parsed, Repository, Rollout, SecretRef, Target } from "../core/types.ts";
import { describeOutcome } from "./reconcile-entry.ts";

type Parse = (record: DeploymentRecord) => Parsed;
type BranchesOf = (namespace: string, name: string) => Branches | undefined;
type Tracked = Exclude<Parsed, { kind: "untracked" | "incomplete" }>;

/** Unknown to the original. */
const NEW_HERE: readonly AnnotationName[] = ["image_check", "manifest_branch", "manifest_ssh_key_name", "manifest_ssh_key_namespace"];

/** What `/status` shows, as text and as a page: plain data, so that it can be redacted as a whole. */
export interface StatusRows {
  readonly tracked: readonly TrackedRow[];
  readonly incomplete: readonly IncompleteRow[];
  /** What an administrator should know beside the rows. */
  readonly notes: readonly string[];
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

/** `broken`: those that can't be shown, which are only named. */
export function statusRows(
  records: readonly DeploymentRecord[],
  broken: readonly DeploymentRecord[],
  parse: Parse,
  lastResult: (namespace: string, name: string) => LastResult | undefined,
  isUnboundKey: (ref: SecretRef) => boolean,
  branchesOf: BranchesOf,
  { refusal, refusals }: Refusals,
  chatProblem: (namespace: string, name: string) => string | undefined,
): StatusRows {
  const targets: Target[] = [];
  const tracked: TrackedRow[] = [];
  const incomplete: IncompleteRow[] = [];
  for (const record of records) {
    const parsed = parse(record);
    const name = { namespace: record.namespace, deployment: record.name };
    if (parsed.kind === "incomplete") incomplete.push({ ...name, problems: parsed.problems });
    if (parsed.kind === "ready") targets.push(parsed.target);
    if (!isTracked(parsed)) continue;
    const branches = shownBranches(parsed, branchesOf(record.namespace, record.name));
    const row = trackedRow(record, parsed, lastResult(record.namespace, record.name), branches);
    const outdated =
      refusal(record.namespace) === undefined ? [] : ["may be out of date: the Deployments of its namespace may not be listed"];
    const problem = chatProblem(record.namespace, record.name);
    const refused = problem === undefined ? [] : [`chat messages are not sent, webhook-url can't be used: ${problem}`];
    tracked.push({ ...name, ...row, warnings: [...outdated, ...row.warnings, ...refused] });
  }
  const unshown = broken.map(
    ({ namespace, name }) =>
      `${namespace}/${name} can't be shown: a mistake of the operator; report it with the error in the operator's log`,
  );
  return { tracked, incomplete, notes: [...refusals, ...unshown, ...sharedKeyNotes(targets, isUnboundKey)] };
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

/** Entries of `/debug`. The cache holds our own annotations only. */
export function debugEntries(records: readonly DeploymentRecord[], parse: Parse, branchesOf: BranchesOf): object[] {
  return records.flatMap((record) => {
    const parsed = parse(record);
    if (!isTracked(parsed)) return [];
    const { container, version } = imageOf(record, parsed);
    const { name, namespace } = record;
    return [
      {
        container,
        name,
        namespace,
        annotations: record.annotations,
        version,
        config: configOf(record, parsed, branchesOf(namespace, name)),
      },
    ];
  });
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
