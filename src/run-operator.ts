/** The operator as a program: environment and signals in, exit code out. */
import { setFlagsFromString } from "node:v8";
import { loadKubeConfig } from "./adapters/kubernetes/load-kube-config.ts";
import { parseConfig } from "./config.ts";
import { startOperator } from "./operator.ts";
import { createLogger } from "./telemetry/logger.ts";
import { readableOutput } from "./telemetry/readable-output.ts";
import { createRedactor } from "./telemetry/redact.ts";
import { createTracing } from "./telemetry/tracing.ts";

/** Promise P7: whatever hangs, the process is gone by then. */
const SHUTDOWN_MS = 55_000;
const LAST_SPANS_MS = 2_000;

export async function runOperator(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const parsed = parseConfig(env);
  if (parsed.kind === "error") throw new Error(parsed.problems.map((problem) => `configuration: ${problem}`).join("\n"));
  const { config } = parsed;
  const redactor = createRedactor();
  const log = createLogger(config.logLevel, redactor.redact, process.stdout.isTTY ? await readableOutput() : undefined);
  for (const warning of parsed.warnings) log.warn({ problem: warning }, "Configuration has a problem");

  const tracing = createTracing({ env, log, redactor });
  const operator = await startOperator({ config, kubeConfig: await loadKubeConfig(env.KUBECONFIG), log, redactor, tracer: tracing.tracer });
  saveMemory();
  let isStopping = false;
  const stop = async (signal: string) => {
    // A second signal: at once. A push in flight is then decided by the server alone.
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info({ signal }, "Shutting down");
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    try {
      await operator.close();
      await tracing.close(LAST_SPANS_MS);
    } catch (err) {
      log.error({ err }, "Shutting down failed");
      process.exit(1);
    }
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => void stop(signal));
  // Last, for whoever waits for this line may send a signal at once.
  log.info({ port: operator.port }, "Listening");
  void tracing.start();
}

/**
 * To be called when the program listens, and not before: V8 takes no cached code that was compiled under other flags, and so each of Node's own modules
 * that is loaded after this is compiled anew.
 */
function saveMemory(): void {
  // Else V8's space for young objects grows to 64 MB in a busy pass and is never given back, an eighth of a small Pod's memory.
  setFlagsFromString("--semi-space-growth-factor=1");
  // Else V8 optimizes undici's parser of HTTP, which is WebAssembly, after a few answers: 14 MB that are not given back, for no gain that was measured.
  setFlagsFromString(`--wasm-tiering-budget=${2 ** 31 - 1}`);
}
