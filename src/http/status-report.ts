/** `/status` as text (contract §5). */
import { escapeControl } from "../core/escape.ts";
import { nothingFound } from "./nothing-found.ts";
import type { IncompleteRow, StatusRows, TrackedRow } from "./views.ts";

const COLUMNS = [
  ["NAMESPACE", 12],
  ["DEPLOYMENT", 24],
  ["ENABLED", 8],
  ["BRANCH", 8],
  ["IMAGE", 0],
] as const;

export function statusReport({ tracked, incomplete, notes }: StatusRows, isSynced: boolean): string {
  const lines = ["gitops-operator status", `tracked deployments: ${tracked.length}`, ""];
  if (tracked.length + incomplete.length === 0) lines.push(nothingFound(isSynced));
  if (tracked.length > 0) lines.push(...table(tracked), "", "Last results:", ...tracked.flatMap(resultLines));
  if (incomplete.length > 0) lines.push("", "Incomplete (not reconciled):", ...incomplete.flatMap(incompleteLines));
  if (notes.length > 0) lines.push("", "Notes:", ...notes.map((note) => `  ${escapeControl(note)}`));
  return `${lines.join("\n")}\n`;
}

function table(rows: readonly TrackedRow[]): string[] {
  const cells = rows.map(({ namespace, deployment, enabled, branch, image }) =>
    [namespace, deployment, String(enabled), branch, `${image.container}:${image.version}`].map(escapeControl),
  );
  const widths = COLUMNS.map(([title, width], column) => Math.max(width, title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(" ")
      .trimEnd();
  return [line(COLUMNS.map(([title]) => title)), ...cells.map(line)];
}

function resultLines({ namespace, deployment, last, warnings }: TrackedRow): string[] {
  const text = last ? `${last.at.toISOString()} ${last.kind}: ${last.message}` : "no pass since start";
  return [`  ${namespace}/${deployment}: ${escapeControl(text)}`, ...warnings.map((warning) => `    warning: ${escapeControl(warning)}`)];
}

function incompleteLines({ namespace, deployment, problems }: IncompleteRow): string[] {
  return [`  ${namespace}/${deployment}`, ...problems.map((problem) => `    ${escapeControl(problem)}`)];
}
