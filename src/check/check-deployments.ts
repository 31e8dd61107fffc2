/** Tells, before it is applied, what is wrong with each workload of a file, and what the operator would read from where. */
import type { Config } from "../config.ts";
import type { AnnotationKind } from "../core/annotation.ts";
import { type AnnotationName, requiredNames } from "../core/annotation-names.ts";
import { annotationPrefix, annotations } from "../core/annotations.ts";
import { originsOf, readValues } from "../core/read-values.ts";
import { decideSecretRef, secretDenied } from "../core/targets/secret-scope.ts";
import { parseTarget } from "../core/targets/target.ts";
import { isDeployment, type Settings, type Target, type WorkloadRecord } from "../core/types.ts";
import type { Redactor } from "../telemetry/redact.ts";
import { escapeControl } from "../text/escape.ts";
import { checkFiles, findFolder, openFolder } from "./check-files.ts";
import { describeTarget, usedSecrets } from "./describe-target.ts";
import type { Level, Preview, Tell } from "./live-check.ts";
import type { LiveOptions, LiveWorld } from "./live-world.ts";
import { type FileDefaults, type FileWorkload, readDeployments } from "./read-deployments.ts";
import { unifiedDiff } from "./unified-diff.ts";
import { unwatchedBecause } from "./unwatched.ts";

type Mode = "offline" | "live" | "dry-run";

export interface CheckOptions {
  readonly config: Config;
  /** Of the file, for people. */
  readonly name: string;
  /** Its path; undefined for standard input. */
  readonly file: string | undefined;
  /** A working copy of the manifests repository. */
  readonly repository: string | undefined;
  readonly text: string | { readonly problem: string };
  /** Of Deployments that name none. */
  readonly namespace: string;
  readonly mode: Mode;
  readonly redactor: Redactor;
  readonly print: (line: string) => void;
  /** For all that `live` asks. */
  readonly deadlineMs: number;
  /** The variable of that name. */
  readonly kubeconfig: string | undefined;
}

/** Values that are right, for required annotations that are missing. */
const STAND_INS: Partial<Record<AnnotationKind, string>> = {
  repository: "git@host.example:team/app.git",
  path: "app.yaml",
  image: "team/app",
  secret: "ssh-key",
  namespace: "default",
};
const UNKNOWN_PORT = `${annotationPrefix}hook_secret_name has an effect only where the operator has a HOOK_PORT, which can't be known here; set it here too, as the operator has it`;
const LABEL_WIDTH = 15;
const MAX_LINE = 4_000;

/** 0: complete and fine; 1: there are problems. */
export async function runCheck(options: CheckOptions): Promise<0 | 1> {
  const { name, text, mode } = options;
  const say = (line: string) => options.print(printable(line));
  const counts = { problem: 0, warning: 0, ok: 0 };
  const told = new Set<string>();
  const tell = (level: Level, message: string) => {
    // What several steps trip over is one problem of a Deployment.
    if (told.has(message)) return;
    told.add(message);
    counts[level] += 1;
    row(level, message);
  };
  const row = (label: string, message: string) => say(`  ${label.padEnd(LABEL_WIDTH)} ${message}`);
  const stop = (problem: string): 1 => {
    say(`${name}: ${problem}`);
    return 1;
  };

  if (typeof text !== "string") return stop(text.problem);
  const read = readDeployments(text, options.namespace);
  if (read.kind === "invalid") return stop(`${read.reason}; give YAML or JSON that kubectl could apply (of a template, what it renders)`);
  const { workloads, configMaps } = read;
  if (workloads.length === 0)
    return stop("there is no apps/v1 Deployment in it, and nothing else with annotations of ours; give the file of a workload");

  function showConfigMap(configMap: FileDefaults): void {
    told.clear();
    say(`ConfigMap ${called(configMap)}`);
    for (const problem of configMap.problems) tell("problem", problem);
    const keys = Object.keys(configMap.record?.annotations ?? {}).filter((key) => key.startsWith(annotationPrefix));
    if (keys.length > 0) row("defaults", keys.map((key) => key.slice(annotationPrefix.length)).join(", "));
    say("");
  }

  async function checkFolder(target: Target): Promise<void> {
    const { file, repository } = options;
    const root = repository ?? (file === undefined ? undefined : await findFolder(target, file));
    if (root !== undefined) await checkFiles(target, await openFolder(root), tell);
  }

  async function checkAll(lookLive: LiveWorld["look"] | undefined): Promise<void> {
    for (const configMap of configMaps) showConfigMap(configMap);
    for (const [index, workload] of workloads.entries()) {
      if (index > 0) say("");
      told.clear();
      say(`${workload.kind} ${called(workload)}`);
      const ready = checkOffline(workload, options.config, tell, row);
      if (!ready) continue;
      if (!lookLive) {
        await checkFolder(ready.target);
        continue;
      }
      const preview = await lookLive(ready.target, ready.settings, tell);
      if (mode === "dry-run") showPreview(preview, say, row);
    }
  }

  const world = mode === "offline" ? undefined : await openWorld(options, tell);
  try {
    await (world ? world.limit(checkAll(world.look)) : checkAll(undefined));
  } catch (error) {
    tell("problem", (error as Error).message);
  } finally {
    await world?.close();
  }
  if (workloads.every(({ record }) => !record)) tell("problem", noneOurs());
  const noun = workloads.every(isDeployment) ? "Deployment" : "workload";
  const count = `${workloads.length} ${noun}${workloads.length === 1 ? "" : "s"}`;
  say("");
  say(`${name}: ${count} checked, ${counted(counts)}`);
  return counts.problem === 0 ? 0 : 1;
}

function called({ namespace, name, namesNamespace }: FileDefaults | FileWorkload): string {
  return `${namespace}/${name}${namesNamespace ? "" : " (namespace by default)"}`;
}

function counted(counts: Readonly<Record<Level, number>>): string {
  const plural = (level: "problem" | "warning") =>
    `${counts[level] === 0 ? "no" : counts[level]} ${level}${counts[level] === 1 ? "" : "s"}`;
  return counts.warning === 0 ? plural("problem") : `${plural("problem")}, ${plural("warning")}`;
}

/** Undefined when there is no cluster, which is told: what needs none is checked all the same. */
async function openWorld(options: LiveOptions, tell: Tell): Promise<LiveWorld | undefined> {
  try {
    // Loaded late: without --live nothing that talks to the world is needed.
    const { openLiveWorld } = await import("./live-world.ts");
    return await openLiveWorld(options);
  } catch (error) {
    return void tell("problem", (error as Error).message);
  }
}

/** Undefined when there is no target to look at any further. */
function checkOffline(
  { record, problems, ...type }: FileWorkload,
  config: Config,
  tell: Tell,
  row: (label: string, text: string) => void,
): { target: Target; settings: Settings } | undefined {
  for (const problem of problems) tell("problem", problem);
  const unwatched = unwatchedBecause(type, config.watchKinds);
  if (unwatched) tell(unwatched.level, unwatched.message);
  if (!record) return void row("not ours", "no gitops.operator.* annotation: the operator leaves it alone");
  for (const [name, keys] of byConfigMap(record)) row("defaults", `of ConfigMap ${name}: ${keys.join(", ")}`);
  const parsed = parseTarget(record, config.operatorNamespace, config);
  if (parsed.kind === "untracked") return undefined;
  if (parsed.kind === "incomplete") for (const problem of parsed.problems) tell("problem", problem);
  if (parsed.kind === "disabled") row("disabled", "nothing is done until gitops.operator.enabled is 'true'; then it would be:");
  const judged = parseTarget(withStandIns(record), config.operatorNamespace, config);
  if (judged.kind === "malformed") for (const problem of judged.problems) tell("problem", problem);
  const { warnings } = parsed.kind === "incomplete" && "warnings" in judged ? judged : { warnings: [], ...parsed };
  for (const warning of warnings) tell("warning", warning);
  if (parsed.kind === "incomplete" || judged.kind !== "ready") return undefined;

  const { target, settings } = judged;
  // The operator's environment is not this one's.
  if (target.hookSecret && config.hookPort === 0) tell("warning", UNKNOWN_PORT);
  const values: Readonly<Record<string, string>> = readValues(record);
  const isSet = (annotation: string) => values[annotation] !== undefined;
  for (const [label, text] of describeTarget(target, settings, config.forges, isSet)) row(label, text);
  const { secretRefs, operatorNamespace, secretNamespaces } = config;
  for (const { ref, isOptional } of usedSecrets(target, settings)) {
    if (decideSecretRef(secretRefs, ref, target.namespace, operatorNamespace, secretNamespaces)) continue;
    tell(isOptional ? "warning" : "problem", secretDenied(ref, target.namespace).message);
  }
  return judged;
}

/** Right values in the place of missing ones, and of `enabled`, so that the others are judged too. */
function withStandIns(record: WorkloadRecord): WorkloadRecord {
  const values = readValues(record);
  const standIns = requiredNames
    .filter((name) => values[name] === undefined)
    .map((name) => [annotationPrefix + name, STAND_INS[annotations[name].kind] ?? ""]);
  const enabled = [`${annotationPrefix}enabled`, "true"];
  return { ...record, annotations: { ...record.annotations, ...Object.fromEntries([...standIns, enabled]) } };
}

/** The names of what each gives. */
function byConfigMap(record: WorkloadRecord): ReadonlyMap<string, readonly AnnotationName[]> {
  const names = new Map<string, AnnotationName[]>();
  for (const [name, from] of originsOf(record)) names.set(from, [...(names.get(from) ?? []), name]);
  return names;
}

function showPreview(preview: Preview | undefined, say: (line: string) => void, row: (label: string, text: string) => void): void {
  row("dry run", preview ? "would be pushed (nothing was):" : "nothing would be pushed");
  if (!preview) return;
  for (const { path, before, text } of preview.files) for (const line of unifiedDiff(path, before, text)) say(`    ${line}`);
  row("commit", "with the message:");
  for (const line of preview.message.trimEnd().split("\n")) say(`    ${line}`.trimEnd());
}

function noneOurs(): string {
  return `no Deployment here is for the operator; set the annotations ${requiredNames.map((name) => annotationPrefix + name).join(", ")}`;
}

/** One line that can only look like what it is; a tab is what it is. */
function printable(text: string): string {
  const cut = text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}… (${text.length} characters)` : text;
  return cut.split("\t").map(escapeControl).join("\t");
}
