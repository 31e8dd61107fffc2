/** The program: the operator, or with arguments its command line. Each loads only what it needs. */
async function main(): Promise<void> {
  // Read when libuv's threads are first needed, which is later. Of its usual four only two would look up names, and a name that DNS is silent about
  // holds one of them for up to minutes. 28 more cost less than 0.2 MB until they work.
  process.env.UV_THREADPOOL_SIZE ??= "32";
  const { argv, env, stdin } = process;
  const args = argv.slice(2);
  if (args.length === 0) {
    const { runOperator } = await import("./run-operator.ts");
    return runOperator(env);
  }
  const { runCommandLine } = await import("./check/command-line.ts");
  process.exit(await runCommandLine(args, { env, stdin, print: console.log, printError: console.error }));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
