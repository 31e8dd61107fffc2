/** Arguments in, texts and an exit code out. Help and version are answered from here; for the rest `program` is loaded. */
import { helpText } from "./commands/help.ts";
import { parseCommandLine } from "./commands/parse-command-line.ts";
import type { ExitCode, Terminal } from "./commands/terminal.ts";
import { version } from "./version.ts";

/** Undefined: it is the operator, which runs on. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitCode | undefined> {
  const { env, print, printError, isInteractive } = terminal;
  const line = parseCommandLine(args);
  if (line.kind === "help") return said(print, helpText(line.of), 0);
  if (line.kind === "version") return said(print, version, 0);
  if (line.kind === "misused") return said(printError, `${line.problem}\n\n${helpText(line.of)}`, 2);
  // A part of the image's program each, so that what is not needed is not loaded.
  const loadProgram = async () => (await import("./program.ts")).program;
  if (line.kind === "bare" && isInteractive) {
    const program = await loadProgram();
    const { describeRun, hasInClusterAccount } = await program.bareStart();
    if (!hasInClusterAccount()) return said(printError, await describeRun(env.KUBECONFIG), 2);
  }
  if (line.kind === "bare" || line.command === "run") {
    const { runOperator } = await import("./run-operator.ts");
    await runOperator(env);
    return undefined;
  }
  try {
    const program = await loadProgram();
    if (line.command === "check") return await (await program.check()).checkCommand(line.values, terminal);
    if (line.command === "keygen") return await (await program.keygen()).keygenCommand(line.values, terminal);
    return await (await program.identity()).identityCommand(line.values, terminal);
  } catch (error) {
    // By its name: the program is a file of its own, with classes of its own.
    if ((error as Error).name !== "Misuse") throw error;
    return said(printError, `${(error as Error).message}\n\n${helpText(line.command)}`, 2);
  }
}

function said(print: (text: string) => void, text: string, code: ExitCode): ExitCode {
  print(text);
  return code;
}
