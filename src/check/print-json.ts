/** A report for programs, as docs/check-output.schema.json describes it. */
import { countsOf, exitCodeOf, type FileReport, isFinding, type ObjectReport, type Report } from "./report.ts";
import { unifiedDiff } from "./unified-diff.ts";

/** Grows when a field changes its meaning or goes; new fields may come without. */
const SCHEMA_VERSION = 1;

/** `clean`: makes a text fit to be shown. */
export function reportAsJson(report: Report, clean: (text: string) => string): string {
  const { problem: problems, warning: warnings, waiting } = countsOf(report.files);
  return JSON.stringify(
    {
      schemaVersion: SCHEMA_VERSION,
      exitCode: exitCodeOf(report),
      counts: { problems, warnings, waiting },
      unchecked: report.unchecked,
      files: report.files.map((file) => fileAsJson(file, clean)),
    },
    null,
    2,
  );
}

function fileAsJson({ name, path, findings, objects }: FileReport, clean: (text: string) => string) {
  return { file: path === undefined ? null : name, findings, objects: objects.map((object) => objectAsJson(object, clean)) };
}

function objectAsJson({ namesNamespace, rows, push, ...identity }: ObjectReport, clean: (text: string) => string) {
  const lines = (texts: readonly string[]) => texts.map(clean).join("\n");
  return {
    ...identity,
    isNamespaceDefault: !namesNamespace,
    findings: rows.filter(isFinding),
    settings: rows.filter((row) => !isFinding(row)),
    ...(push !== undefined && {
      push: push && {
        diff: lines(push.files.flatMap(({ path, before, text }) => unifiedDiff(path, before, text))),
        message: lines(push.message.trimEnd().split("\n")),
      },
    }),
  };
}
