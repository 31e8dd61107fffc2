/** `gitops-operator check`: its arguments in, lines for people and an exit code out. */
import { createReadStream, statSync } from "node:fs";
import type { Values } from "../commands/parse-command-line.ts";
import { type ExitCode, Misuse, type Terminal } from "../commands/terminal.ts";
import { parseConfig } from "../config.ts";
import { createRedactor } from "../telemetry/redact.ts";
import { runCheck } from "./check-deployments.ts";

/** One more byte than may be read tells that there is too much. */
const maxBytes = 2 ** 20;

export async function checkCommand(values: Values<"check">, { env, stdin, print, printError }: Terminal): Promise<ExitCode> {
  const { file, ...asked } = readOptions(values);
  const parsed = parseConfig(env);
  if (parsed.kind === "error") {
    printError(parsed.problems.map((problem) => `configuration: ${problem}`).join("\n"));
    return 2;
  }
  const name = file === "-" ? "standard input" : file;
  const text = await readText(file === "-" ? stdin : createReadStream(file, { end: maxBytes })).catch((error: unknown) => {
    if (error instanceof TypeError) return { problem: "is not UTF-8 text; give a YAML file" };
    return { problem: `can't be read (${(error as NodeJS.ErrnoException).code ?? "unknown reason"}); give the path of a manifest` };
  });
  const redactor = createRedactor();
  const printRedacted = (line: string) => print(redactor.redact(line));
  return runCheck({
    ...asked,
    file: file === "-" ? undefined : file,
    config: parsed.config,
    kubeconfig: env.KUBECONFIG,
    redactor,
    print: printRedacted,
    name,
    text,
  });
}

/** Rejects with a TypeError for what is no UTF-8. */
async function readText(input: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Too much is cut, and the reader of YAML refuses it by its size.
    if (bytes > maxBytes) return Buffer.concat(chunks).toString("latin1", 0, maxBytes + 1);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
}

function readOptions({ file: files = [], repository, namespace, live = false, "dry-run": isDryRun = false, timeout }: Values<"check">) {
  const [file, ...more] = files;
  if (!file || more.length > 0) throw new Misuse("give one file with -f FILE");
  const isLive = live || isDryRun;
  if (repository !== undefined && isLive) {
    throw new Misuse("--repository reads a working copy, --live and --dry-run the repository itself; give one of them");
  }
  if (repository !== undefined && !statSync(repository, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Misuse("--repository is no folder; give that of a working copy");
  }
  const seconds = /^\d{1,4}$/.test(timeout) ? Number(timeout) : 0;
  if (seconds === 0) throw new Misuse("--timeout must be a whole number of seconds from 1 to 9999");
  const mode = isDryRun ? "dry-run" : isLive ? "live" : "offline";
  return { file, namespace, mode, repository, deadlineMs: seconds * 1_000 } as const;
}
