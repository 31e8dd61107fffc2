/** The program: the process's own arguments, environment and streams for the command line. */
import { isatty } from "node:tty";
import { runCommandLine } from "./command-line.ts";

async function main(): Promise<void> {
  // Read when libuv's threads are first needed, which is later. Of its usual four only two would look up names, and a name that DNS is silent about
  // holds one of them for up to minutes. 28 more cost less than 0.2 MB until they work.
  process.env.UV_THREADPOOL_SIZE ??= "32";
  const { argv, env } = process;
  const code = await runCommandLine(argv.slice(2), {
    ...{ env, print: console.log, printError: console.error },
    // Asked for late: help needs no stream of standard input.
    stdin: { [Symbol.asyncIterator]: () => process.stdin[Symbol.asyncIterator]() },
    isInteractive: isatty(0) && isatty(1),
  });
  if (code !== undefined) process.exit(code);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
