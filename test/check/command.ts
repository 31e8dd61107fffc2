/** The command line in this process. */
import assert from "node:assert/strict";
import { runCommandLine } from "../../src/command-line.ts";

interface Answer {
  readonly code: number;
  readonly lines: readonly string[];
  readonly errors: string;
}

export async function command(args: readonly string[], input: string | Uint8Array = "", env: Record<string, string> = {}): Promise<Answer> {
  const lines: string[] = [];
  let errors = "";
  const code = await runCommandLine(args, {
    env,
    isInteractive: false,
    stdin: (async function* () {
      yield Buffer.from(input);
    })(),
    print: (line) => void lines.push(line),
    printError: (text) => {
      errors += text;
    },
  });
  assert.ok(code !== undefined);
  return { code, lines, errors };
}

export const check = (input: string | Uint8Array, env: Record<string, string> = {}) => command(["check", "-f", "-"], input, env);

/** The lines without the padding of their labels. */
export const squeezed = ({ lines }: Answer) => lines.map((line) => line.trim().replace(/ {2,}/, " "));
