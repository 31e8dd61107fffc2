import { parseArgs } from "node:util";
import { type CommandName, commandNames, commandOf, type commands } from "./commands.ts";

type Options<Name extends CommandName> = (typeof commands)[Name]["options"];
/** What was given of a command's options, and their defaults. */
export type Values<Name extends CommandName> = ReturnType<typeof parseArgs<{ options: Options<Name> }>>["values"];

type Asked = { readonly [Name in CommandName]: { readonly command: Name; readonly values: Values<Name> } }[CommandName];

type CommandLine =
  | ({ readonly kind: "command" } & Asked)
  | { readonly kind: "bare" }
  | { readonly kind: "version" }
  | { readonly kind: "help"; readonly of?: CommandName }
  | { readonly kind: "misused"; readonly problem: string; readonly of?: CommandName };

/**
 * `args`: without the program's own name. By Node's own parser: the texts of help are made of the table that it reads, and a package of its own
 * would be the longest part of `--help`.
 */
export function parseCommandLine([first, ...args]: readonly string[]): CommandLine {
  if (first === undefined) return { kind: "bare" };
  if (first === "--help" || first === "-h") return { kind: "help" };
  if (first === "--version") return { kind: "version" };
  const command = commandNames.find((name) => name === first);
  if (command === undefined) return { kind: "misused", problem: `unknown command '${first}'` };
  try {
    const options = { ...commandOf(command).options, help: { type: "boolean", short: "h" } as const };
    const { values } = parseArgs({ args, options });
    if (values.help) return { kind: "help", of: command };
    return { kind: "command", command, values } as CommandLine;
  } catch (error) {
    // parseArgs throws TypeErrors alone, whose words are for people.
    return { kind: "misused", of: command, problem: (error as Error).message };
  }
}
