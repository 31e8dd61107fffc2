/** The operator put together: configuration and a cluster in, a listening server out. */
import { hostname } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { createChat } from "./adapters/chat/chat.ts";
import { startProblems } from "./adapters/git/start-problems.ts";
import { createDefaultsCache } from "./adapters/kubernetes/defaults-cache.ts";
import { createEventRecorder } from "./adapters/kubernetes/event-recorder.ts";
import { withDefaults } from "./adapters/kubernetes/with-defaults.ts";
import { createWorkloadCache } from "./adapters/kubernetes/workload-cache.ts";
import type { Config } from "./config.ts";
import { connectOutside, type GitPatience } from "./connect-outside.ts";
import { branchId } from "./core/branch-id.ts";
import { createProposingWriters } from "./core/delivery/proposing-writers.ts";
import { createAudience } from "./core/hints/audience.ts";
import { createLastEvents } from "./core/hints/last-events.ts";
import { createBranchHistories } from "./core/history/branch-histories.ts";
import { createImageGate } from "./core/images/image-gate.ts";
import { createAnnouncer } from "./core/news/announcer.ts";
import type { Push } from "./core/observer.ts";
import type { Clock, Log } from "./core/ports.ts";
import { createBackOff } from "./core/runs/back-off.ts";
import { createCalls } from "./core/runs/calls.ts";
import { createFindings } from "./core/runs/findings.ts";
import { createHookRuns } from "./core/runs/hook-runs.ts";
import { createReconciler } from "./core/runs/pass.ts";
import { createRecheck } from "./core/runs/recheck.ts";
import { createRollouts } from "./core/runs/rollouts.ts";
import { startTimer } from "./core/runs/timer.ts";
import { parseTarget } from "./core/targets/target.ts";
import { noTracer, type Tracer } from "./core/tracer.ts";
import type { Workload, WorkloadRecord } from "./core/types.ts";
import { builtInKinds } from "./core/watched-kinds.ts";
import { createEndpoints } from "./endpoints.ts";
import { ReconcileError } from "./errors.ts";
import { createHistoryWork } from "./history-work.ts";
import { createApp } from "./http/app.ts";
import { createHookListener } from "./http/hooks/hook-server.ts";
import { startHttpServer } from "./http/http-server.ts";
import { createOperatorFacts } from "./http/rows/operator-facts.ts";
import { createReportWork } from "./report-work.ts";
import { createRunWork } from "./run-work.ts";
import { onceEach } from "./sharing/once-each.ts";
import { createStateReader } from "./state-reader.ts";
import { systemClock } from "./system-clock.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import type { Redactor } from "./telemetry/redact.ts";
import { version } from "./version.ts";

export type Operator = Awaited<ReturnType<typeof startOperator>>;

export interface OperatorOptions {
  readonly config: Config;
  readonly kubeConfig: KubeConfig;
  readonly log: Log;
  readonly redactor: Redactor;
  /** Default: no traces. */
  readonly tracer?: Tracer;
  /** For tests: moves the waits for builds. */
  readonly clock?: Clock;
  /** For tests: when a call is answered that came that long ago. */
  readonly answerDue?: (afterMs: number) => AbortSignal;
  /** For tests: shorter patience with git hosts. */
  readonly patience?: GitPatience;
}

const LAST_MESSAGES_MS = 3_000;
const LAST_EVENTS_MS = 1_000;

export async function startOperator(options: OperatorOptions) {
  const { config, kubeConfig, log, redactor, tracer = noTracer, clock = systemClock, patience = {} } = options;
  const { answerDue = (afterMs) => AbortSignal.timeout(afterMs) } = options;
  const { host, healthPort, identity, reconcileToken } = config;
  const closing = new AbortController();
  const stopping = closing.signal;
  const metrics = createMetrics(version, { hasHooks: config.hookPort !== 0 });
  const findings = createFindings();
  const outside = connectOutside({
    ...{ config, kubeConfig, redactor, tracer, observer: metrics, stopping, patience },
    onKeyRead: findings.keyRead,
  });
  const { kube, dispatcher, git, places, registry, builds, secretsFor } = outside;
  for (const { level, problem, message } of await startProblems(config, outside.knownHostsFiles)) log[level]({ problem }, message);
  const watched = { client: kube, log, namespaces: config.watchNamespaces };
  const kinds = [...builtInKinds, ...config.watchKinds];
  const workloads = withDefaults(createWorkloadCache({ ...watched, kinds, selector: config.watchSelector }), createDefaultsCache(watched));
  // A record is never changed, only replaced; a thousand calls at once would parse each a thousand times.
  const parse = onceEach((record: WorkloadRecord) => parseTarget(record, config.operatorNamespace, config));

  const gate = createImageGate({ registry, builds, clock, settings: config.imageGate, observer: metrics });
  const backOff = createBackOff(clock.now);
  const chat = createChat({ dispatcher, log, clock: systemClock, httpHosts: config.insecureWebhooks });
  const recorder = createEventRecorder({ client: kube, log, instance: hostname() });
  const chatSettings = { cluster: config.commitWords.cluster, githubHost: config.githubHost };
  const announcer = createAnnouncer({ log, redactor, workloads, chat, recorder, secretsFor, chatSettings });

  const onRollout = (push: Push, result: "succeeded" | "failed") => {
    const record = workloads.get(push.workload);
    const parsed = record && parse(record);
    if (parsed?.kind === "ready") announcer.rolledOut(parsed.target, push, result);
  };
  const rollouts = createRollouts({ workloads, observer: metrics, onResult: onRollout, stopping });
  const onPush = (push: Push) => {
    metrics.pushed(push);
    rollouts.pushed(push);
  };
  const reports = createReportWork({
    ...{ workloads, reports: outside.reports, clock, stopping, cluster: config.commitWords.cluster, publicUrl: config.publicUrl },
    ...{ graceMs: config.imageGate.graceMs, secretsFor, findings, redactor, log },
  });
  const writers = createProposingWriters({
    ...{ git, places, clock: systemClock, workloads, log, observer: { ...metrics, pushed: onPush }, tracer },
    recheck: createRecheck(workloads, parse),
    ...{ commitWords: config.commitWords, identity, forges: config.forges, proposals: outside.proposals },
  });
  const lastEvents = createLastEvents(clock.now);
  const histories = createBranchHistories({ identity, places, breathe: () => nextTurn() });
  const historyWork = createHistoryWork({
    ...{ histories, git, workloads, parse, findings, secretsFor, redactor, stopping, log },
    allowedRepositories: config.allowedRepositories,
  });
  const reconciler = createReconciler({
    ...{ workloads, writers, parse, log, observer: metrics, tracer, concurrency: config.concurrency },
    work: createRunWork({
      ...{ git, places, gate, backOff, identity, allowedRepositories: config.allowedRepositories },
      ...{ secretsFor, findings, onBuild: announcer.building, reports, redactor, log },
      onManifests: (target, at, head) => histories.met(target, branchId(at), head),
    }),
    onEnd(result, run) {
      metrics.ended(result);
      const { outcome } = result;
      const imageAgeMs = outcome.kind === "patched" ? lastEvents.imageAge(result, outcome.to) : undefined;
      if (imageAgeMs !== undefined) metrics.imageToPush(imageAgeMs);
      announcer.ended(result, run);
      if (!run) reports.skipped(result);
      historyWork.ended(result, run?.target);
    },
    onIncomplete: announcer.incomplete,
  });
  const calls = createCalls({
    ...{ workloads, parse, reconciler, stopping, tracer, answerDue: () => answerDue(config.reconcileTimeoutMs) },
    ...{ onBegin, onEnd: announcer.passEnded },
  });

  function onBegin(present: readonly Workload[]) {
    announcer.retain(present);
    reports.retain(present);
    reconciler.retain(present);
  }

  const readState = createStateReader({
    ...{ workloads, parse, workDir: config.workDir },
    ...{ notifications: () => chat.counts, githubRateRemaining: outside.githubRateRemaining },
  });
  const endpoints = createEndpoints({
    ...{ workloads, parse, ...findings, lastResult: reconciler.lastResult, chatProblem: announcer.chatProblem },
    hooks: {
      ...{ isOpen: config.hookPort !== 0, areForAll: config.hookSecretName !== undefined },
      ...{ last: lastEvents.last, now: clock.now },
    },
    ...{ historyOf: histories.of, defaults: { operatorNamespace: config.operatorNamespace, cluster: config.commitWords.cluster } },
    ...{ ask: calls.ask, ready: calls.requireReady, metrics: async () => metrics.render(await readState()) },
    operator: createOperatorFacts({
      ...{ version, cluster: config.commitWords.cluster, server: kubeConfig.getCurrentCluster()?.server },
      ...{ staleForMs: () => workloads.staleForMs(), nextPassAt: () => timer?.nextAt() },
      events: { isOpen: config.hookPort !== 0, newest: lastEvents.newest, now: clock.now },
    }),
    ...{ githubHost: config.githubHost, hasDebug: config.debugEndpoint, reconcileToken, stopping, redact: redactor.redact, log },
  });
  let timer: ReturnType<typeof startTimer> | undefined;
  if (reconcileToken !== undefined) redactor.watch(reconcileToken, "RECONCILE_TOKEN");
  const server = await startHttpServer(createApp(endpoints.all, log, metrics.requestStarted), config);
  // Nobody's other calls hold up what the kubelet asks.
  const healthServer = healthPort === 0 ? undefined : await startHttpServer(createApp(endpoints.health, log), { host, port: healthPort });
  const hookServer = config.hookPort === 0 ? undefined : await startHttpServer(hooks(), { host, port: config.hookPort });
  timer = startTimer({ intervalMs: config.reconcileIntervalMs, workloads, stopping, log, ask: () => calls.ask({}, "timer") });

  function hooks() {
    const run = createHookRuns({ ask: calls.ask, nudge: reconciler.nudge, isAhead: reconciler.isAhead, stopping, log });
    return createHookListener({
      requireReady: calls.requireReady,
      audience: createAudience({ workloads, parse, branchesOf: findings.branchesOf, settings: config }),
      ...{ readSecret: outside.readHookSecret, readEvent: outside.readEvent, onRequest: metrics.hookRequest, log },
      onEvent(hint, listeners) {
        const targets = listeners.map(({ target }) => target);
        const tags = hint.about === "images" ? hint.images.flatMap(({ tag }) => tag ?? []) : [];
        for (const target of targets) lastEvents.came(target, hint.kind, tags);
        run(targets);
      },
    });
  }

  return {
    port: server.port,
    /** Undefined: none. */
    hookPort: hookServer?.port,
    /** Not ready at once, no new runs; resolves when pushes in flight have ended and everything is closed. */
    async close(): Promise<void> {
      closing.abort(new ReconcileError("shutdown", "the operator is shutting down"));
      await reconciler.close();
      await Promise.all([server.close(), healthServer?.close(), hookServer?.close()]);
      workloads.close();
      await Promise.all([chat.close(LAST_MESSAGES_MS), recorder.close(LAST_EVENTS_MS)]);
      await outside.close();
    },
  };
}
