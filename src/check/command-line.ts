/** `gitops-operator check`: its arguments in, lines for people and an exit code out. */
import { createReadStream, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { parseConfig } from "../config.ts";
import { createRedactor } from "../telemetry/redact.ts";
import { type CheckOptions, runCheck } from "./check-deployments.ts";

interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
}

type Parsed =
  | ({ readonly kind: "check"; readonly file: string } & Pick<CheckOptions, "namespace" | "mode" | "repository" | "deadlineMs">)
  | { readonly kind: "help" }
  | { readonly kind: "misused"; readonly problem: string };

/** One more byte than may be read tells that there is too much. */
const maxBytes = 2 ** 20;

const usage = `usage: gitops-operator                       the operator itself
       gitops-operator check -f FILE         what is wrong with the annotations of FILE's Deployments, and what would be read from where
  -f, --file FILE       a manifest of one or more documents, or Lists; - reads standard input
  -n, --namespace NAME  of Deployments that name none (default: default)
      --repository DIR  a working copy of the manifests repository: what the operator would find in its files; without it, files that lie
                        beside FILE, or in the work tree that FILE is in
      --live            also asks the cluster for the Secrets, and the repositories and the registry whether all is there
      --dry-run         like --live, and prints the diff that would be pushed; nothing is pushed
      --timeout SECONDS for all of --live (default: 60)
exit code: 0 all is well, 1 there are problems, 2 wrong usage or environment`;

/** 0: all is well; 1: problems; 2: wrong usage. */
export async function runCommandLine(args: readonly string[], { env, stdin, print, printError }: Terminal): Promise<0 | 1 | 2> {
  const options = parseOptions(args);
  if (options.kind === "help") {
    print(usage);
    return 0;
  }
  if (options.kind === "misused") {
    printError(`${options.problem}\n${usage}`);
    return 2;
  }
  const parsed = parseConfig(env);
  if (parsed.kind === "error") {
    printError(parsed.problems.map((problem) => `configuration: ${problem}`).join("\n"));
    return 2;
  }
  const { file, ...asked } = options;
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

function parseOptions([command, ...args]: readonly string[]): Parsed {
  if (command === "--help" || command === "-h") return { kind: "help" };
  if (command !== "check") return { kind: "misused", problem: `unknown command '${command}'` };
  try {
    const { values } = parseArgs({
      args,
      options: {
        file: { type: "string", short: "f", multiple: true },
        namespace: { type: "string", short: "n", default: "default" },
        repository: { type: "string" },
        live: { type: "boolean", default: false },
        timeout: { type: "string", default: "60" },
        "dry-run": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    const [file, ...more] = values.file ?? [];
    if (!file || more.length > 0) return { kind: "misused", problem: "give one file with -f FILE" };
    const { repository } = values;
    const isLive = values.live || values["dry-run"];
    if (repository !== undefined && isLive)
      return {
        kind: "misused",
        problem: "--repository reads a working copy, --live and --dry-run the repository itself; give one of them",
      };
    if (repository !== undefined && !statSync(repository, { throwIfNoEntry: false })?.isDirectory())
      return { kind: "misused", problem: "--repository is no folder; give that of a working copy" };
    const seconds = /^\d{1,4}$/.test(values.timeout) ? Number(values.timeout) : 0;
    if (seconds === 0) return { kind: "misused", problem: "--timeout must be a whole number of seconds from 1 to 9999" };
    const mode = values["dry-run"] ? "dry-run" : values.live ? "live" : "offline";
    return { kind: "check", file, namespace: values.namespace, mode, repository, deadlineMs: seconds * 1_000 };
  } catch (error) {
    return { kind: "misused", problem: (error as Error).message };
  }
}
