/** Traces to an OTLP collector. A collector that is away costs nothing: a bounded queue, short time-outs, one warning. */
import { setTimeout as sleep } from "node:timers/promises";
import { DiagLogLevel, diag } from "@opentelemetry/api";
import type { Log } from "../core/ports.ts";
import { noTracer } from "../core/tracer.ts";
import { parseJson } from "../text/parse-json.ts";
import type { Redactor } from "./redact.ts";
import { createTracer } from "./tracer.ts";

interface TracingOptions {
  /** The process's own environment: the SDK reads it by itself, so the defaults below are written there. */
  readonly env: Record<string, string | undefined>;
  readonly log: Log;
  readonly redactor: Redactor;
}

/** What the SDK is told where nobody says otherwise. */
const DEFAULTS = {
  OTEL_SERVICE_NAME: "gitops-operator",
  OTEL_TRACES_SAMPLER: "always_on",
  OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
  OTEL_EXPORTER_OTLP_ENDPOINT: "http://tempo.monitoring:4317",
  /** Milliseconds for one batch. */
  OTEL_EXPORTER_OTLP_TIMEOUT: "5000",
  OTEL_BSP_EXPORT_TIMEOUT: "6000",
  /** Spans: a pass over 500 Deployments. What comes while the queue is full is dropped. */
  OTEL_BSP_MAX_QUEUE_SIZE: "4096",
};
const WARN_AGAIN_MS = 3_600_000;

export function createTracing({ env, log, redactor }: TracingOptions) {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === "true" || env.OTEL_TRACES_EXPORTER?.trim() === "none") {
    return { tracer: noTracer, start: async () => undefined, close: async () => undefined };
  }
  let shutdown: () => Promise<void> = async () => undefined;
  let isClosed = false;

  async function start(): Promise<void> {
    const { NodeSDK } = await import("@opentelemetry/sdk-node");
    if (isClosed) return;
    for (const [name, value] of Object.entries(DEFAULTS)) if (!env[name]?.trim()) env[name] = value;
    // Without the empty lists it would send metrics and logs as well.
    const sdk = new NodeSDK({ metricReaders: [], logRecordProcessors: [] });
    diag.setLogger(warnOnce(log), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
    sdk.start();
    shutdown = () => sdk.shutdown();
  }

  return {
    tracer: createTracer(redactor),
    /** Loads the SDK, which takes longer than the rest of the program's start: to be called when the program listens. Never rejects. */
    start: () => start().catch((error: unknown) => log.warn({ problem: String(error) }, "Traces can't be kept; check OTEL_*")),
    /** Sends what is left or gives up at the deadline. Never rejects. */
    async close(deadlineMs: number): Promise<void> {
      isClosed = true;
      await Promise.race([shutdown().catch(() => undefined), sleep(deadlineMs, undefined, { ref: false })]);
    },
  };
}

/** The SDK complains of each batch; people need to know once. */
function warnOnce(log: Log) {
  let warnedAt = Number.NEGATIVE_INFINITY;
  const warn = (text: string) => {
    if (performance.now() - warnedAt < WARN_AGAIN_MS) return;
    warnedAt = performance.now();
    log.warn(
      { problem: problemOf(text) },
      "Traces can't be delivered; check OTEL_EXPORTER_OTLP_ENDPOINT, or turn them off with OTEL_SDK_DISABLED=true",
    );
  };
  const ignore = () => undefined;
  return { error: warn, warn, info: ignore, debug: ignore, verbose: ignore };
}

/** Failed exports come as JSON with a stack. */
function problemOf(text: string): string {
  return String((parseJson(text) as { message?: unknown } | null | undefined)?.message ?? text);
}
