/** A report for people. */
import { countsInWords, countsOf, type FileReport, isFinding, type ObjectReport, type Report, workloadsInWords } from "./report.ts";
import { unifiedDiff } from "./unified-diff.ts";

const LABEL_WIDTH = 15;
const MOST_NAMED = 5;

type Print = (line: string) => void;

export function printFile(file: FileReport, print: Print): void {
  for (const { level, message } of file.findings) print(`${file.name}: ${level === "problem" ? "" : `${level}: `}${message}`);
  for (const object of file.objects) {
    printObject(object, print);
    print("");
  }
  if (file.objects.length > 0) print(`${file.name}: ${workloadsInWords([file])}, ${countsInWords([file])}`);
}

/** After the files; of one alone all is said. */
export function printEnd({ files, unchecked }: Report, print: Print): void {
  for (const why of unchecked) print(why);
  if (files.length < 2) return;
  const bad = files.filter((file) => countsOf([file]).problem > 0).map(({ name }) => name);
  print("");
  print(`${files.length} files: ${workloadsInWords(files)}, ${countsInWords(files)}${bad.length > 0 ? ` (in ${named(bad)})` : ""}`);
}

function named(files: readonly string[]): string {
  return files.length > MOST_NAMED ? `${files.length} files` : files.join(", ");
}

function printObject({ kind, namespace, name, namesNamespace, rows, push }: ObjectReport, print: Print): void {
  const row = (label: string, text: string) => print(`  ${label.padEnd(LABEL_WIDTH)} ${text}`);
  print(`${kind} ${namespace}/${name}${namesNamespace ? "" : " (namespace by default)"}`);
  for (const one of rows) {
    if (isFinding(one)) row(one.level, one.message);
    else row(one.label, one.text);
  }
  if (push === undefined) return;
  row("dry run", push ? "would be pushed (nothing was):" : "nothing would be pushed");
  if (!push) return;
  for (const { path, before, text } of push.files) for (const line of unifiedDiff(path, before, text)) print(`    ${line}`);
  row("commit", "with the message:");
  for (const line of push.message.trimEnd().split("\n")) print(`    ${line}`.trimEnd());
}
