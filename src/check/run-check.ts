/** Tells, before it is applied, what is wrong with each workload of some files, and what the operator would read from where. */
import type { Config } from "../config.ts";
import { annotationPrefix } from "../core/annotations.ts";
import type { Target } from "../core/types.ts";
import { checkFiles, findFolder, openFolder } from "./check-files.ts";
import { checkWorkload, noneOurs } from "./check-workload.ts";
import type { FileDefaults, FileWorkload } from "./file-objects.ts";
import { guessFromNames } from "./find-mistakes.ts";
import type { LiveOptions, LiveWorld } from "./live-world.ts";
import { type ReadFile, readFiles } from "./read-files.ts";
import type { Input } from "./read-inputs.ts";
import type { FileReport, Finding, Level, ObjectReport, Report, Setting, Tell } from "./report.ts";
import { templateProblem } from "./template.ts";

interface CheckOptions extends LiveOptions {
  readonly config: Config;
  readonly inputs: readonly Input[];
  /** Of workloads that name none. */
  readonly namespace: string;
  /** A working copy of the manifests repository. */
  readonly repository: string | undefined;
  readonly mode: "offline" | "live" | "dry-run";
  /** Makes a text fit to be shown. */
  readonly clean: (text: string) => string;
  /** Called with each file's report, when it is done. */
  readonly onFile: (file: FileReport) => void;
}

const NOTHING = "there is no apps/v1 Deployment in it, and nothing else with annotations of ours; give the file of a workload";

/** What is being written. */
interface Draft extends FileReport {
  readonly findings: Finding[];
  readonly objects: ObjectReport[];
}

export async function runCheck(options: CheckOptions): Promise<Report> {
  const { inputs, mode, clean } = options;
  const read = readFiles(
    inputs.map(({ text }) => (typeof text === "string" ? text : "")),
    options.namespace,
  );
  const workloads = read.flatMap((file) => (file.kind === "ok" ? file.workloads : []));
  const hasChecked = workloads.some(({ templateLine }) => templateLine === undefined);
  const files: Draft[] = [];
  const unchecked: string[] = [];
  let tellOfCurrent: Tell = (_, message) => unchecked.push(clean(message));

  function begin(file: Draft, { lineOf, ...object }: FileWorkload | FileDefaults, type: { kind: string; apiVersion: string }) {
    const rows: (Finding | Setting)[] = [];
    const told = new Set<string>();
    const { namespace, name, namesNamespace } = object;
    const report = { ...type, namespace: clean(namespace), name: clean(name), namesNamespace, line: lineOf(), rows };
    file.objects.push(report);
    const tell: Tell = (level, message, line) => {
      // What several steps trip over is one problem of a workload.
      if (told.has(message)) return;
      told.add(message);
      rows.push({ level, message: clean(message), line: line ?? lineOf(annotationIn(message)) });
    };
    tellOfCurrent = tell;
    return { tell, row: (label: string, text: string) => void rows.push({ label, text: clean(text) }), report };
  }

  function checkConfigMap(file: Draft, configMap: FileDefaults): void {
    const { tell, row } = begin(file, configMap, { kind: "ConfigMap", apiVersion: "v1" });
    for (const problem of configMap.problems) tell("problem", problem);
    const keys = Object.keys(configMap.record?.annotations ?? {}).filter((key) => key.startsWith(annotationPrefix));
    if (keys.length > 0) row("defaults", keys.map((key) => key.slice(annotationPrefix.length)).join(", "));
  }

  /** Whether the files that are named were looked at. */
  async function checkFolder(target: Target, path: string | undefined, tell: Tell): Promise<boolean> {
    const root = options.repository ?? (path === undefined ? undefined : await findFolder(target, path));
    if (root === undefined) return false;
    await checkFiles(target, await openFolder(root), tell);
    return true;
  }

  async function checkOne(file: Draft, workload: FileWorkload, doubt: Level, look: LiveWorld["look"] | undefined): Promise<void> {
    const { tell, row, report } = begin(file, workload, { kind: clean(workload.kind), apiVersion: clean(workload.apiVersion) });
    const { templateLine } = workload;
    if (templateLine !== undefined) return tell(doubt, templateProblem(templateLine), templateLine);
    const ready = checkWorkload(workload, options.config, tell, row);
    if (!ready) return;
    if (look && !ready.isDisabled) {
      const push = (await look(ready.target, ready.settings, tell)) ?? null;
      if (mode === "dry-run") Object.assign(report, { push });
    } else if (!(await checkFolder(ready.target, file.path, tell))) {
      for (const [level, message] of guessFromNames(workload, ready.target)) tell(level, message);
    }
  }

  async function checkFile(file: Draft, { text, isFound }: Input, found: ReadFile, look: LiveWorld["look"] | undefined): Promise<void> {
    const stop = (level: Level, message: string, line?: number) => {
      file.findings.push({ level, message: clean(message), ...(line !== undefined && { line }) });
    };
    // Beside what could be checked: a chart's templates and values may lie there too.
    const doubt = isFound && hasChecked ? "warning" : "problem";
    if (typeof text !== "string") return stop("problem", text.problem);
    if (found.kind === "invalid") return stop(found.isTemplate ? doubt : "problem", found.reason, found.line);
    if (found.workloads.length === 0 && (found.configMaps.length === 0 || workloads.length === 0)) return stop(doubt, NOTHING);
    for (const configMap of found.configMaps) checkConfigMap(file, configMap);
    for (const workload of found.workloads) {
      await checkOne(file, workload, doubt, look);
      const isOurs = ({ record, misplaced, templateLine }: FileWorkload) => record || misplaced.length > 0 || templateLine !== undefined;
      if (workload === workloads.at(-1) && !workloads.some(isOurs)) tellOfCurrent("problem", noneOurs());
    }
  }

  async function checkAll(look: LiveWorld["look"] | undefined): Promise<void> {
    for (const [index, input] of inputs.entries()) {
      const file: Draft = { name: clean(input.name), path: input.path, findings: [], objects: [] };
      files.push(file);
      await checkFile(file, input, read[index] as ReadFile, look);
      options.onFile(file);
    }
  }

  const world = mode === "offline" ? undefined : await openWorld(options, (message) => unchecked.push(clean(message)));
  try {
    await (world ? world.limit(checkAll(world.look)) : checkAll(undefined));
  } catch (error) {
    tellOfCurrent("problem", (error as Error).message);
    const stoppedAt = files.at(-1);
    if (stoppedAt) options.onFile(stoppedAt);
    for (const { name } of inputs.slice(files.length)) unchecked.push(clean(`${name} was not looked at`));
  } finally {
    await world?.close();
  }
  return { files, unchecked };
}

/** The annotation that a message is about. */
function annotationIn(message: string): string | undefined {
  return /gitops\.operator\.[a-z_]+/.exec(message)?.[0];
}

/** Undefined when there is no cluster, which is told: what needs none is checked all the same. */
async function openWorld(options: LiveOptions, tell: (message: string) => void): Promise<LiveWorld | undefined> {
  try {
    // Loaded late: without --live nothing that talks to the world is needed.
    const { openLiveWorld } = await import("./live-world.ts");
    return await openLiveWorld(options);
  } catch (error) {
    return void tell((error as Error).message);
  }
}
