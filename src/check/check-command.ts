/** `gitops-operator check`: its options in, a report in the format that was asked for and an exit code out. */
import { statSync } from "node:fs";
import type { Values } from "../commands/parse-command-line.ts";
import { type ExitCode, Misuse, type Terminal } from "../commands/terminal.ts";
import { parseConfig } from "../config.ts";
import { createRedactor } from "../telemetry/redact.ts";
import { escapeControl } from "../text/escape.ts";
import { printGithub } from "./print-github.ts";
import { reportAsJson } from "./print-json.ts";
import { printEnd, printFile } from "./print-text.ts";
import { readInputs } from "./read-inputs.ts";
import { exitCodeOf } from "./report.ts";
import { runCheck } from "./run-check.ts";

const formats = ["text", "json", "github"] as const;
const MAX_TEXT = 4_000;

export async function checkCommand(values: Values<"check">, { env, stdin, print, printError }: Terminal): Promise<ExitCode> {
  const { files, output, ...asked } = readOptions(values);
  const parsed = parseConfig(env);
  if (parsed.kind === "error") {
    printError(parsed.problems.map((problem) => `configuration: ${problem}`).join("\n"));
    return 2;
  }
  const redactor = createRedactor();
  const clean = (text: string) => printable(redactor.redact(text));
  const say = (line: string) => print(clean(line));
  const report = await runCheck({
    ...asked,
    inputs: await readInputs(files, stdin),
    ...{ config: parsed.config, kubeconfig: env.KUBECONFIG, redactor, clean },
    onFile: (file) => output === "text" && printFile(file, say),
  });
  if (output === "text") printEnd(report, say);
  if (output === "json") print(reportAsJson(report, clean));
  if (output === "github") printGithub(report, env.GITHUB_WORKSPACE ?? process.cwd(), print);
  return exitCodeOf(report);
}

function readOptions({ file: files = [], repository, output, context, ...values }: Values<"check">) {
  if (files.length === 0 || files.includes("")) throw new Misuse("give a file, a folder or a pattern with -f");
  const format = formats.find((one) => one === output);
  if (format === undefined) throw new Misuse(`-o must be ${formats.slice(0, -1).join(", ")} or ${formats.at(-1)}`);
  const isDryRun = values["dry-run"] ?? false;
  const isLive = (values.live ?? false) || isDryRun;
  if (repository !== undefined && isLive) {
    throw new Misuse("--repository reads a working copy, --live and --dry-run the repository itself; give one of them");
  }
  if (repository !== undefined && !statSync(repository, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Misuse("--repository is no folder; give that of a working copy");
  }
  if (context !== undefined && !isLive) throw new Misuse("--context names a cluster, which only --live and --dry-run ask");
  const seconds = /^\d{1,4}$/.test(values.timeout) ? Number(values.timeout) : 0;
  if (seconds === 0) throw new Misuse("--timeout must be a whole number of seconds from 1 to 9999");
  const mode = isDryRun ? "dry-run" : isLive ? "live" : "offline";
  return { files, namespace: values.namespace, mode, repository, context, output: format, deadlineMs: seconds * 1_000 } as const;
}

/** One line that can only look like what it is; a tab is what it is. */
function printable(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text;
  return cut.split("\t").map(escapeControl).join("\t");
}
