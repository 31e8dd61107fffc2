/** The program: the operator, or with arguments its command line. Each loads only what it needs. */
async function main(): Promise<void> {
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
