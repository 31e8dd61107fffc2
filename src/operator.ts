/** The operator put together: configuration and a cluster in, a listening server out. */

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { KubeConfig } from "@kubernetes/client-node";
import { createChat } from "./adapters/chat/chat.ts";
import { askFor } from "./adapters/egress/asker.ts";
import { directorySize } from "./adapters/git/copies/directory-size.ts";
import { startProblems } from "./adapters/git/start-problems.ts";
import { createDeploymentCache } from "./adapters/kubernetes/deployment-cache.ts";
import { createEventRecorder } from "./adapters/kubernetes/event-recorder.ts";
import { parseSshKey } from "./adapters/ssh/ssh-key.ts";
import { createAnnouncer } from "./announce.ts";
import type { Config } from "./config.ts";
import { connectOutside, type GitPatience } from "./connect-outside.ts";
import { createWriters, type Seat } from "./core/delivery/writer.ts";
import { createImageGate } from "./core/images/image-gate.ts";
import type { Clock, Log } from "./core/ports.ts";
import type { Branches, Progress } from "./core/progress.ts";
import { reconcile } from "./core/reconcile.ts";
import { askTogether } from "./core/runs/ask-together.ts";
import { createBackOff } from "./core/runs/back-off.ts";
import { createReconciler } from "./core/runs/pass.ts";
import { recheck } from "./core/runs/recheck.ts";
import { unknownName } from "./core/runs/unknown-name.ts";
import { parseTarget } from "./core/targets/target.ts";
import { noTracer, type Tracer } from "./core/tracer.ts";
import type { DeploymentRecord, Outcome, Result, SecretRef, Target } from "./core/types.ts";
import { type Filter, idOf, type Name } from "./core/types.ts";
import { ReconcileError } from "./errors.ts";
import { createApp, createHealthApp, type Endpoints } from "./http/app.ts";
import { startHttpServer } from "./http/http-server.ts";
import { statusPage } from "./http/status-page.ts";
import { statusReport } from "./http/status-report.ts";
import { debugText, isTracked, type ShowRows, type StatusRows, statusRows, trackedCount } from "./http/views.ts";
import { createWithoutBroken } from "./http/without-broken.ts";
import { createBoundedMap } from "./sharing/bounded-map.ts";
import { dataBytes } from "./sharing/data-bytes.ts";
import { createFreshest } from "./sharing/freshest.ts";
import { onceEach } from "./sharing/once-each.ts";
import { systemClock } from "./system-clock.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import type { Redactor } from "./telemetry/redact.ts";
import type { State } from "./telemetry/state-metrics.ts";
import { version } from "./version.ts";

export interface Operator {
  readonly port: number;
  /** Not ready at once, no new runs; resolves when pushes in flight have ended and everything is closed. */
  close(): Promise<void>;
}

export interface OperatorOptions {
  readonly config: Config;
  readonly kubeConfig: KubeConfig;
  readonly log: Log;
  readonly redactor: Redactor;
  /** Default: no traces. */
  readonly tracer?: Tracer;
  /** For tests: moves the waits for builds. */
  readonly clock?: Clock;
  /** For tests: shorter patience with git hosts. */
  readonly patience?: Patience;
}

interface Patience extends GitPatience {
  readonly placeMs?: number;
}

const LAST_MESSAGES_MS = 3_000;
const DISK_LOOK_MS = 60_000;
const LAST_EVENTS_MS = 1_000;
const MOST_KEYS_BYTES = 4 * 2 ** 20;
const MOST_BRANCHES_BYTES = 8 * 2 ** 20;
const DISK_LOOK_BYTES = 64 * 1024;

export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { config, kubeConfig, log, redactor, tracer = noTracer, clock = systemClock, patience = {} } = options;
  const stopping = new AbortController();
  const metrics = createMetrics(version);
  /** Whether a Secret with an SSH key was bound to no repositories when it was last read. */
  const unboundKeys = createBoundedMap<boolean>(MOST_KEYS_BYTES, dataBytes);
  /** By Deployment, for the views. */
  const branches = createBoundedMap<Branches>(MOST_BRANCHES_BYTES, dataBytes);
  const outside = connectOutside({
    ...{ config, kubeConfig, redactor, tracer, observer: metrics },
    onSecretDenied: metrics.secretDenied,
    onKeyRead: (ref, isBound) => unboundKeys.set(idOfSecret(ref), !isBound, ref.namespace),
    ...{ stopping: stopping.signal, patience },
  });
  const { kube, dispatcher, git, places, registry, builds, readSecretFor } = outside;
  for (const { level, problem, message } of await startProblems(config, outside.knownHostsFiles)) log[level]({ problem }, message);
  const { workDir, identity } = config;
  const deployments = createDeploymentCache({ client: kube, namespaces: config.watchNamespaces, log });
  const gate = createImageGate({ registry, builds, clock, settings: config.imageGate, observer: metrics });
  const backOff = createBackOff(() => clock.now());
  const chat = createChat({ dispatcher, log, clock: systemClock, httpHosts: config.insecureWebhooks });
  const recorder = createEventRecorder({ client: kube, log, instance: hostname() });
  const announcer = createAnnouncer({ log, redactor, deployments, chat, recorder, readSecretFor });

  // A record is never changed, only replaced; a thousand calls at once would parse each a thousand times.
  const parse = onceEach((record: DeploymentRecord) => parseTarget(record, config.operatorNamespace, config.imageCheck));

  async function work(target: Target, seat: Seat, progress: Progress): Promise<Outcome> {
    const releases: (() => void)[] = [];
    const fields = { namespace: target.namespace, deployment: target.deployment, reconcile_id: progress.id };
    try {
      const outcome = await reconcile(target, seat, progress, {
        git,
        places,
        gate,
        backOff,
        identity,
        allowedRepositories: config.allowedRepositories,
        readSecret: readSecretFor(target, releases),
        parseKey: parseSshKey,
        onBranches: (found) => branches.set(idOf(target), found, target.namespace),
        onBuild: (sha, text) => announcer.building(target, sha, text),
        warn: (message, error) => log.warn({ ...fields, error: (error as Error).message }, message),
      });
      // While its secrets are known: what is shown later can be redacted by shape only.
      const redacted = redactOutcome(outcome, redactor);
      backOff.ended(target, redacted);
      return redacted;
    } finally {
      for (const release of releases) release();
    }
  }

  const writers = createWriters({
    ...{ git, places, clock: systemClock, deployments, observer: metrics, tracer },
    recheck(target, tag) {
      const record = deployments.get(target.namespace, target.deployment);
      return recheck(target, record && parse(record), tag);
    },
  });
  const reconciler = createReconciler({
    ...{ deployments, writers, parse, log, observer: metrics, tracer },
    work: (target, seat, progress) => askFor(target.namespace, () => redactor.scope(() => work(target, seat, progress))),
    onEnd(result, run) {
      metrics.ended(result);
      announcer.ended(result, run);
    },
    onIncomplete: announcer.incomplete,
    concurrency: config.concurrency,
    ...(patience.placeMs === undefined ? {} : { placeMs: patience.placeMs }),
  });

  const diskLooks = createFreshest<number | undefined>(DISK_LOOK_BYTES);
  async function state(): Promise<State> {
    const ours = deployments.list().map((record) => ({ namespace: record.namespace, deployment: record.name, parsed: parse(record) }));
    return {
      tracked: ours.filter(({ parsed }) => isTracked(parsed)),
      incompleteCount: ours.filter(({ parsed }) => parsed.kind === "incomplete").length,
      synced: deployments.synced,
      watchAgeMs: deployments.staleForMs(),
      refusedNamespaces: deployments.refusals.length,
      watchRestarts: deployments.restarts,
      notifications: chat.counts,
      githubRateRemaining: outside.githubRateRemaining(),
      // What can't be read is absent, and the next look may see it.
      workDirBytes: await diskLooks.get("", performance.now() - DISK_LOOK_MS, () => directorySize(workDir).catch(() => undefined)),
    };
  }
  const answer = askTogether(async (filter: Filter): Promise<Result[]> => {
    stopping.signal.throwIfAborted();
    const due = AbortSignal.timeout(config.reconcileTimeoutMs);
    await ready(deployments.ready(AbortSignal.any([stopping.signal, due])));
    const names = (records: readonly DeploymentRecord[]) => records.map(({ namespace, name }) => ({ namespace, deployment: name }));
    const records = deployments.list();
    announcer.retain(names(records));
    const unknown = unknownName(filter, names(records.filter((record) => isTracked(parse(record)))));
    if (unknown !== undefined) throw new ReconcileError("name_unknown", unknown);
    const startedAt = performance.now();
    const results = await reconciler.reconcile(filter, due);
    announcer.passEnded(filter, results, performance.now() - startedAt);
    return results;
  }, tracer);
  const branchesOf = (namespace: string, deployment: string) => branches.get(idOf({ namespace, deployment }));
  const isUnboundKey = (ref: SecretRef) => unboundKeys.get(idOfSecret(ref)) === true;
  const beginPage = () => {
    const onBroken = ({ namespace, deployment }: Name, err: unknown) =>
      log.error({ namespace, deployment, err }, "Deployment could not be shown");
    return createWithoutBroken(onBroken);
  };
  const { redact } = redactor;
  function* statusView(write: (rows: StatusRows, showRows: ShowRows) => Iterable<string>): Generator<string> {
    const page = beginPage();
    const rows = yield* statusRows(
      ...([deployments.list(), page, parse, reconciler.lastResult, isUnboundKey, branchesOf, deployments, announcer.chatProblem] as const),
    );
    yield* write(rows, { redact, show: page.show });
  }
  const endpoints: Endpoints = {
    reconcile(filter, { method, headers }) {
      const attributes = { request_id: randomUUID(), "http.request.method": method, "http.route": "/reconcile" };
      return tracer.span("reconcile", attributes, () => answer(filter), { kind: "server", incoming: headers });
    },
    status: () => statusView((rows, showRows) => statusReport(rows, deployments.synced, showRows)),
    statusPage() {
      const facts = { now: new Date(), githubHost: config.githubHost, isSynced: deployments.synced };
      return statusView((rows, showRows) => statusPage(rows, { ...facts, ...showRows }));
    },
    ...(config.debugEndpoint && {
      debug: () => debugText(deployments.list(), parse, branchesOf, { redact, show: beginPage().show }),
    }),
    health: () => ({ status: deployments.synced ? "ok" : "starting", tracked_deployments: trackedCount(deployments.list(), parse) }),
    ready() {
      stopping.signal.throwIfAborted();
      if (!deployments.synced) throw unsynced();
    },
    metrics: async () => metrics.render(await state()),
  };

  const { reconcileToken } = config;
  if (reconcileToken !== undefined) redactor.watch(reconcileToken, "RECONCILE_TOKEN");
  const app = createApp(endpoints, log, { requestStarted: metrics.requestStarted, reconcileToken });
  const { host, healthPort } = config;
  const server = await startHttpServer(app, config);
  const healthServer = healthPort === 0 ? undefined : await startHttpServer(createHealthApp(endpoints, log), { host, port: healthPort });
  const timer = config.reconcileIntervalMs > 0 ? setInterval(() => void onTimer(), config.reconcileIntervalMs) : undefined;
  async function onTimer(): Promise<void> {
    if (!deployments.synced || stopping.signal.aborted) return;
    try {
      await tracer.span("reconcile", { request_id: randomUUID() }, () => answer({}), { incoming: {} });
    } catch (error) {
      if (!stopping.signal.aborted) log.error({ error: (error as Error).message }, "Pass of the timer failed");
    }
  }

  return {
    port: server.port,
    async close() {
      clearInterval(timer);
      stopping.abort(new ReconcileError("shutdown", "the operator is shutting down"));
      await reconciler.close();
      await Promise.all([server.close(), healthServer?.close()]);
      deployments.close();
      await Promise.all([chat.close(LAST_MESSAGES_MS), recorder.close(LAST_EVENTS_MS)]);
      await outside.close();
    },
  };
}

function idOfSecret({ namespace, name }: SecretRef): string {
  return `${namespace}/${name}`;
}

async function ready(synced: Promise<void>): Promise<void> {
  try {
    await synced;
  } catch (cause) {
    if (cause instanceof ReconcileError) throw cause;
    throw unsynced(cause);
  }
}

function unsynced(cause?: unknown): ReconcileError {
  const message = "the Kubernetes API server has not given its Deployments yet; see the operator's log for the reason";
  return new ReconcileError("cluster_unsynced", message, { cause });
}

function redactOutcome(outcome: Outcome, { redact }: Redactor): Outcome {
  if (outcome.kind === "waiting") return { ...outcome, step: redact(outcome.step) };
  if (outcome.kind !== "failed") return outcome;
  const { code, message, cause } = outcome.error;
  return { ...outcome, error: new ReconcileError(code, redact(message), { cause }) };
}
