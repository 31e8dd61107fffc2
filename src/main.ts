/** The program: environment and signals in, exit code out. */
import { loadKubeConfig } from "./adapters/kubernetes/load-kube-config.ts";
import { parseConfig } from "./config.ts";
import { ReconcileError } from "./errors.ts";
import { startOperator } from "./operator.ts";
import { createLogger } from "./telemetry/logger.ts";

/** Promise P7: whatever hangs, the process is gone by then. */
const SHUTDOWN_MS = 55_000;

const parsed = parseConfig(process.env);
if (parsed.kind === "error") {
  for (const problem of parsed.problems) console.error(`configuration: ${problem}`);
  process.exit(1);
}
const { config, warnings } = parsed;
const log = createLogger(config.logLevel);
for (const warning of warnings) log.warn(warning);

try {
  const operator = await startOperator(config, await loadKubeConfig(), log);
  log.info({ port: operator.port }, "Listening");
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal, operator.close));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(error instanceof ReconcileError ? message : `gitops-operator could not start: ${message}`);
  process.exit(1);
}

let isStopping = false;

async function stop(signal: string, close: () => Promise<void>): Promise<void> {
  // A second signal: at once. A push in flight is then decided by the server alone.
  if (isStopping) process.exit(1);
  isStopping = true;
  log.info({ signal }, "Shutting down");
  setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
  await close();
  process.exit(0);
}
