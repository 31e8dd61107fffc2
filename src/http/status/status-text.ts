/** `/status` as text (contract §5). */
import { isDeployment, placeInWords } from "../../core/types.ts";
import { briefDuration } from "../../text/duration-in-words.ts";
import { escapeControl } from "../../text/escape.ts";
import type { PageFacts } from "../rows/page-facts.ts";
import { queryText } from "../rows/status-query.ts";
import type { TrackedRow } from "../rows/status-row.ts";
import { type IncompleteRow, nothingFound, type StatusRows } from "../rows/status-rows.ts";

const COLUMNS = [
  ["NAMESPACE", 12],
  ["DEPLOYMENT", 24],
  ["ENABLED", 8],
  ["BRANCH", 8],
  ["IMAGE", 0],
] as const;

/** In pieces: one for each row, and an empty one where a row was only looked at. */
export function* statusText(rows: StatusRows, { redact, show, isSynced, query }: PageFacts): Generator<string> {
  const { tracked, incomplete, notes } = rows;
  const widths: number[] = COLUMNS.map(([title, width]) => Math.max(width, title.length));
  let trackedCount = 0;
  for (const row of tracked) {
    trackedCount += 1;
    for (const [column, cell] of cellsOf(row).entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
    yield "";
  }
  const [firstIncomplete] = incomplete;
  const written = (lines: readonly string[]) => redact(lines.map((line) => `${line}\n`).join(""));
  const tableLine = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(" ")
      .trimEnd();

  yield `gitops-operator status\ntracked deployments: ${trackedCount}\n\n`;
  if (trackedCount === 0 && !firstIncomplete) yield `${nothingFound(isSynced, queryText(query) !== "")}\n`;
  if (trackedCount > 0) {
    yield `${tableLine(COLUMNS.map(([title]) => title))}\n`;
    for (const row of tracked) yield show(row, () => written([tableLine(cellsOf(row))])) ?? "";
    yield "\nLast results:\n";
    for (const row of tracked) yield show(row, () => written(resultLines(row))) ?? "";
  }
  if (firstIncomplete) {
    yield "\nIncomplete (not reconciled):\n";
    for (const row of incomplete) yield show(row, () => written(incompleteLines(row))) ?? "";
  }
  let heading = "\nNotes:\n";
  for (const note of notes) {
    yield heading + written([`  ${escapeControl(note)}`]);
    heading = "";
  }
}

function cellsOf({ kind, namespace, name, enabled, branch, image }: TrackedRow): string[] {
  return [
    namespace,
    isDeployment({ kind }) ? name : `${kind} ${name}`,
    String(enabled),
    branch,
    image ? `${image.container}:${image.version}` : "-",
  ].map(escapeControl);
}

function resultLines(row: TrackedRow): string[] {
  const { last, lastEvent, warnings } = row;
  const text = last
    ? `${last.at.toISOString()} ${last.skipped === "held" || last.skipped === "declined" ? last.skipped : last.kind}: ${last.message}`
    : "no pass since start";
  return [
    `  ${escapeControl(placeInWords(row))}: ${escapeControl(text)}`,
    ...(lastEvent === undefined ? [] : [`    ${eventInWords(lastEvent)}`]),
    ...warnings.map((warning) => `    warning: ${escapeControl(warning)}`),
  ];
}

function eventInWords(event: NonNullable<TrackedRow["lastEvent"]>): string {
  return event === "none" ? "no event yet" : `last event: ${event.kind} ${briefDuration(Date.now() - event.at.getTime())} ago`;
}

function incompleteLines(row: IncompleteRow): string[] {
  return [`  ${escapeControl(placeInWords(row))}`, ...row.problems.map((problem) => `    ${escapeControl(problem)}`)];
}
