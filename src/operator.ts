/** The operator put together: configuration and a cluster in, a listening server out. */
import type { KubeConfig } from "@kubernetes/client-node";
import { startProblems } from "./adapters/git/start-problems.ts";
import { createDefaultsCache } from "./adapters/kubernetes/defaults-cache.ts";
import { withDefaults } from "./adapters/kubernetes/with-defaults.ts";
import { createWorkloadCache } from "./adapters/kubernetes/workload-cache.ts";
import type { Config } from "./config.ts";
import { connectOutside, type GitPatience } from "./connect-outside.ts";
import { createProposingWriters } from "./core/delivery/proposing-writers.ts";
import { createLastEvents } from "./core/hints/last-events.ts";
import { createImageGate } from "./core/images/image-gate.ts";
import type { Clock, Log } from "./core/ports.ts";
import { createBackOff } from "./core/runs/back-off.ts";
import { createCalls } from "./core/runs/calls.ts";
import { createFindings } from "./core/runs/findings.ts";
import { createRecheck } from "./core/runs/recheck.ts";
import { createReconciler } from "./core/runs/reconciler.ts";
import { startTimer } from "./core/runs/timer.ts";
import { parseTarget } from "./core/targets/target.ts";
import { noTracer, type Tracer } from "./core/tracer.ts";
import type { Workload, WorkloadRecord } from "./core/types.ts";
import { builtInKinds } from "./core/watched-kinds.ts";
import { createEndpoints } from "./endpoints.ts";
import { ReconcileError } from "./errors.ts";
import { createHistoryWork } from "./history-work.ts";
import { createHookWork } from "./hook-work.ts";
import { createOperatorFacts } from "./http/rows/operator-facts.ts";
import { createNewsWork } from "./news-work.ts";
import { createReportWork } from "./report-work.ts";
import { createRunWork } from "./run-work.ts";
import { startServers } from "./servers.ts";
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

export async function startOperator(options: OperatorOptions) {
  const { config, kubeConfig, log, redactor, tracer = noTracer, clock = systemClock, patience = {} } = options;
  const { answerDue = (afterMs) => AbortSignal.timeout(afterMs) } = options;
  const { identity, reconcileToken } = config;
  const closing = new AbortController();
  const stopping = closing.signal;

  // The world, and what is known of the cluster.
  const metrics = createMetrics(version, { hasHooks: config.hookPort !== 0 });
  const findings = createFindings();
  const outside = connectOutside({
    ...{ config, kubeConfig, redactor, tracer, observer: metrics, stopping, patience },
    onKeyRead: findings.keyRead,
  });
  const { kube, git, places, registry, builds, secretsFor } = outside;
  for (const { level, problem, message } of await startProblems(config, outside.knownHostsFiles)) log[level]({ problem }, message);
  const watched = { client: kube, log, namespaces: config.watchNamespaces };
  const kinds = [...builtInKinds, ...config.watchKinds];
  const workloads = withDefaults(createWorkloadCache({ ...watched, kinds, selector: config.watchSelector }), createDefaultsCache(watched));
  // A record is never changed, only replaced; a thousand calls at once would parse each a thousand times.
  const parse = onceEach((record: WorkloadRecord) => parseTarget(record, config.operatorNamespace, config));

  // What a run asks and tells.
  const gate = createImageGate({ registry, builds, clock, settings: config.imageGate, observer: metrics });
  const backOff = createBackOff(clock.now);
  const news = createNewsWork({ config, outside, workloads, parse, observer: metrics, redactor, stopping, log });
  const { announcer } = news;
  const reports = createReportWork({
    ...{ workloads, reports: outside.reports, clock, stopping, cluster: config.commitWords.cluster, publicUrl: config.publicUrl },
    ...{ graceMs: config.imageGate.graceMs, secretsFor, findings, redactor, log },
  });
  const writers = createProposingWriters({
    ...{ git, places, clock: systemClock, workloads, log, observer: { ...metrics, pushed: news.pushed }, tracer },
    recheck: createRecheck(workloads, parse),
    ...{ commitWords: config.commitWords, identity, forges: config.forges, proposals: outside.proposals },
  });
  const lastEvents = createLastEvents(clock.now);
  const history = createHistoryWork({
    ...{ git, places, workloads, parse, findings, secretsFor, redactor, stopping, log },
    ...{ identity, allowedRepositories: config.allowedRepositories },
  });

  // Runs, and who asks for them.
  const reconciler = createReconciler({
    ...{ workloads, writers, parse, log, observer: metrics, tracer, concurrency: config.concurrency },
    work: createRunWork({
      ...{ git, places, gate, backOff, identity, allowedRepositories: config.allowedRepositories },
      ...{ secretsFor, findings, onBuild: announcer.building, reports, redactor, log },
      onManifests: history.met,
    }),
    onEnd(result, run) {
      metrics.ended(result);
      const { outcome } = result;
      const imageAgeMs = outcome.kind === "patched" ? lastEvents.imageAge(result, outcome.to) : undefined;
      if (imageAgeMs !== undefined) metrics.imageToPush(imageAgeMs);
      announcer.ended(result, run);
      if (!run) reports.skipped(result);
      history.ended(result, run?.target);
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

  // What is shown of it.
  const readState = createStateReader({
    ...{ workloads, parse, workDir: config.workDir },
    ...{ notifications: news.chatCounts, githubRateRemaining: outside.githubRateRemaining },
  });
  const endpoints = createEndpoints({
    ...{ workloads, parse, ...findings, lastResult: reconciler.lastResult, chatProblem: announcer.chatProblem },
    hooks: {
      ...{ isOpen: config.hookPort !== 0, areForAll: config.hookSecretName !== undefined },
      ...{ last: lastEvents.last, now: clock.now },
    },
    ...{ historyOf: history.of, defaults: { operatorNamespace: config.operatorNamespace, cluster: config.commitWords.cluster } },
    ...{ ask: calls.ask, ready: calls.requireReady, metrics: async () => metrics.render(await readState()) },
    operator: createOperatorFacts({
      ...{ version, cluster: config.commitWords.cluster, server: kubeConfig.getCurrentCluster()?.server },
      ...{ staleForMs: () => workloads.staleForMs(), nextPassAt: () => timer?.nextAt() },
      events: { isOpen: config.hookPort !== 0, newest: lastEvents.newest, now: clock.now },
    }),
    ...{ githubHost: config.githubHost, hasDebug: config.debugEndpoint, reconcileToken, stopping, redact: redactor.redact, log },
  });

  // Now it listens, and then begins of itself.
  let timer: ReturnType<typeof startTimer> | undefined;
  if (reconcileToken !== undefined) redactor.watch(reconcileToken, "RECONCILE_TOKEN");
  const hooks =
    config.hookPort === 0
      ? undefined
      : createHookWork({
          ...{ config, outside, workloads, parse, findings, lastEvents, calls, reconciler },
          ...{ onRequest: metrics.hookRequest, stopping, log },
        });
  const servers = await startServers({ config, endpoints, hooks, requestStarted: metrics.requestStarted, log });
  timer = startTimer({ intervalMs: config.reconcileIntervalMs, workloads, stopping, log, ask: () => calls.ask({}, "timer") });

  return {
    port: servers.port,
    hookPort: servers.hookPort,
    /** Not ready at once, no new runs; resolves when pushes in flight have ended and everything is closed. */
    async close(): Promise<void> {
      closing.abort(new ReconcileError("shutdown", "the operator is shutting down"));
      await reconciler.close();
      await servers.close();
      workloads.close();
      await news.close();
      await outside.close();
    },
  };
}
