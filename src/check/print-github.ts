/**
 * A report as workflow commands of GitHub Actions, which shows them beside the lines of a pull request:
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands. No other line begins like one.
 */
import { relative } from "node:path";
import { countsInWords, type FileReport, type Finding, isFinding, type Level, type Report, workloadsInWords } from "./report.ts";

const COMMANDS: Partial<Record<Level, string>> = { problem: "error", warning: "warning", waiting: "notice" };

/** `root`: the folder that the workflow's repository is in. */
export function printGithub({ files, unchecked }: Report, root: string, print: (line: string) => void): void {
  for (const file of files) {
    for (const finding of file.findings) print(command(file, "gitops-operator check", finding, root));
    for (const { kind, namespace, name, rows } of file.objects) {
      const told = rows.filter(isFinding).filter(({ level }) => level in COMMANDS);
      for (const finding of told) print(command(file, `${kind} ${namespace}/${name}`, finding, root));
    }
  }
  for (const why of unchecked) print(`::error::${escapeData(why)}`);
  print(`${files.length} file${files.length === 1 ? "" : "s"}, ${workloadsInWords(files)}: ${countsInWords(files)}`);
}

function command({ path }: FileReport, title: string, { level, message, line }: Finding, root: string): string {
  const place = path === undefined ? {} : { file: relative(root, path), ...(line !== undefined && { line: String(line) }) };
  const properties = Object.entries({ ...place, title }).map(([name, value]) => `${name}=${escapeProperty(value)}`);
  return `::${COMMANDS[level]} ${properties.join(",")}::${escapeData(message)}`;
}

/** As @actions/core's own: the runner decodes just these. */
function escapeData(text: string): string {
  return text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, "%3A").replace(/,/g, "%2C");
}
