/** What a check found, as data: printed for people, as JSON, or as GitHub's workflow commands. */
import type { ExitCode } from "../commands/terminal.ts";
import type { Preview } from "./live-check.ts";

/** `waiting`: it will be right by itself, as an image that is still built. */
export type Level = "ok" | "warning" | "waiting" | "problem";
/** `line`: where it is not that of the annotation that the message names. */
export type Tell = (level: Level, message: string, line?: number) => void;

export interface Finding {
  readonly level: Level;
  readonly message: string;
  /** Of the file, from 1. */
  readonly line?: number;
}

/** How something is understood. */
export interface Setting {
  readonly label: string;
  readonly text: string;
}

export interface ObjectReport {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly namesNamespace: boolean;
  readonly line: number;
  /** In the order in which they were found. */
  readonly rows: readonly (Finding | Setting)[];
  /** Only of a dry run; null: nothing would be pushed. */
  readonly push?: Preview | null;
}

export interface FileReport {
  /** For people. */
  readonly name: string;
  /** Undefined: standard input. */
  readonly path: string | undefined;
  /** Of the file as a whole. */
  readonly findings: readonly Finding[];
  readonly objects: readonly ObjectReport[];
}

export interface Report {
  readonly files: readonly FileReport[];
  /** What concerns no file: why something could not be looked at. */
  readonly unchecked: readonly string[];
}

export type Counts = Readonly<Record<Level, number>>;

export function isFinding(row: Finding | Setting): row is Finding {
  return "level" in row;
}

function findingsOf({ findings, objects }: FileReport): Finding[] {
  return [...findings, ...objects.flatMap(({ rows }) => rows.filter(isFinding))];
}

export function countsOf(files: readonly FileReport[]): Counts {
  const counts = { ok: 0, warning: 0, waiting: 0, problem: 0 };
  for (const { level } of files.flatMap(findingsOf)) counts[level] += 1;
  return counts;
}

export function exitCodeOf({ files, unchecked }: Report): ExitCode {
  const { problem, waiting } = countsOf(files);
  if (unchecked.length > 0) return 2;
  if (problem > 0) return 1;
  return waiting > 0 ? 3 : 0;
}

/** Of what is checked; ConfigMaps with defaults only count for it. */
export function workloadsInWords(files: readonly FileReport[]): string {
  const kinds = files.flatMap(({ objects }) => objects.map(({ kind }) => kind)).filter((kind) => kind !== "ConfigMap");
  const noun = kinds.every((kind) => kind === "Deployment") ? "Deployment" : "workload";
  return `${kinds.length} ${noun}${kinds.length === 1 ? "" : "s"} checked`;
}

export function countsInWords(files: readonly FileReport[]): string {
  const { problem, warning, waiting } = countsOf(files);
  const parts = [problem === 1 ? "1 problem" : `${problem === 0 ? "no" : problem} problems`];
  if (warning > 0) parts.push(warning === 1 ? "1 warning" : `${warning} warnings`);
  if (waiting > 0) parts.push(`${waiting} waiting`);
  return parts.join(", ");
}
