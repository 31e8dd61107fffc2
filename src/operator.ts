/** The operator put together: configuration and a cluster in, a listening server out. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { KubeConfig } from "@kubernetes/client-node";
import { collectDefaultMetrics, Registry } from "prom-client";
import { createGit } from "./adapters/git/git.ts";
import { readKnownHosts } from "./adapters/git/ssh/known-hosts.ts";
import { createSshConnections } from "./adapters/git/ssh/ssh-connections.ts";
import { parseSshKey } from "./adapters/git/ssh/ssh-key.ts";
import { createDeploymentCache } from "./adapters/kubernetes/deployment-cache.ts";
import { createKubeClient } from "./adapters/kubernetes/kube-client.ts";
import { createSecretReader } from "./adapters/kubernetes/secret-reader.ts";
import type { Config } from "./config.ts";
import { createReconciler, isSame } from "./core/pass.ts";
import type { Clock, Log } from "./core/ports.ts";
import { reconcile } from "./core/reconcile.ts";
import { decideSecretRef } from "./core/secret-scope.ts";
import { parseTarget } from "./core/target.ts";
import type { DeploymentRecord, Outcome, Result, SecretRef, Target } from "./core/types.ts";
import { createWriters } from "./core/writer.ts";
import { ReconcileError } from "./errors.ts";
import { createApp, type Endpoints } from "./http/app.ts";
import { debugEntries, statusText, trackedCount } from "./http/views.ts";

export interface Operator {
  readonly port: number;
  /** Not ready at once, no new runs; resolves when pushes in flight have ended and everything is closed. */
  close(): Promise<void>;
}

const BUNDLED_KNOWN_HOSTS = fileURLToPath(new URL("../files/known_hosts", import.meta.url));

const LAST_ANSWERS_MS = 1_000;

const clock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => void (await sleep(ms, undefined, { signal })),
};

export async function startOperator(config: Config, kubeConfig: KubeConfig, log: Log): Promise<Operator> {
  const kube = createKubeClient(kubeConfig);
  const deployments = createDeploymentCache({ client: kube, namespaces: config.watchNamespaces, log });
  const secrets = createSecretReader(kube);
  const connections = createSshConnections({ knownHosts: () => readKnownHosts([BUNDLED_KNOWN_HOSTS, ...config.knownHostsFiles]) });
  const git = createGit({ connections, workDir: config.workDir, maxRepositoryBytes: config.maxRepositoryBytes, identity: config.identity });

  const parse = (record: DeploymentRecord) => parseTarget(record, config.operatorNamespace);
  const recheck = (target: Target, tag: string): Outcome | undefined => {
    const record = deployments.get(target.namespace, target.deployment);
    const now = record && parse(record);
    if (now?.kind === "ready" && isSame(now.target, target)) return undefined;
    if (!now || now.kind === "disabled") return { kind: "skipped", reason: now ? "disabled" : "deleted" };
    return {
      kind: "waiting",
      step: `the annotations of ${target.deployment} changed meanwhile; nothing was pushed, the next pass reads them`,
      to: tag,
    };
  };
  const readKey = async (ref: SecretRef, target: Target) => {
    if (!decideSecretRef(config.secretRefs, ref, target.namespace, config.operatorNamespace, config.secretNamespaces))
      throw denied(ref, target);
    return parseSshKey(await secrets.read(ref, "ssh-privatekey"), ref);
  };
  const writers = createWriters({ git, clock, deployments, recheck });
  const ports = { git, identity: config.identity, readKey };
  const reconciler = createReconciler({
    deployments,
    writers,
    parse,
    clock,
    log,
    concurrency: config.concurrency,
    work: (target, seat, progress) => reconcile(target, seat, progress, ports),
    onEnd: (result) => tell(log, result),
  });

  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const stopping = new AbortController();
  const endpoints: Endpoints = {
    async reconcile(filter) {
      stopping.signal.throwIfAborted();
      const due = AbortSignal.timeout(config.reconcileTimeoutMs);
      await ready(deployments.ready(AbortSignal.any([stopping.signal, due])));
      return reconciler.reconcile(filter, due);
    },
    status: () => statusText(deployments.list(), parse, reconciler.lastResult),
    debug: () => debugEntries(deployments.list(), parse),
    health: () => ({ status: deployments.synced ? "ok" : "starting", tracked_deployments: trackedCount(deployments.list(), parse) }),
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.metrics() }),
  };

  const server = createServer(createApp(endpoints, log));
  server.listen(config.port, config.host);
  await once(server, "listening");
  const timer = config.reconcileIntervalMs > 0 ? setInterval(() => void onTimer(), config.reconcileIntervalMs) : undefined;
  async function onTimer(): Promise<void> {
    if (deployments.synced && !stopping.signal.aborted) await reconciler.reconcile({}, AbortSignal.timeout(config.reconcileTimeoutMs));
  }

  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      clearInterval(timer);
      stopping.abort(new ReconcileError("shutdown", "the operator is shutting down"));
      await reconciler.close();
      await closeServer(server);
      deployments.close();
      await connections.close();
      kube.close();
      await git.close();
    },
  };
}

/** Answers that are ready go out; who still holds a connection after that is cut off. */
async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  await Promise.race([closed, sleep(LAST_ANSWERS_MS, undefined, { ref: false })]);
  server.closeAllConnections();
}

async function ready(synced: Promise<void>): Promise<void> {
  try {
    await synced;
  } catch (cause) {
    if (cause instanceof ReconcileError) throw cause;
    throw new ReconcileError(
      "cluster_unsynced",
      "the Kubernetes API server has not given its Deployments yet; see the operator's log for the reason",
      { cause },
    );
  }
}

function denied(ref: SecretRef, target: Target): ReconcileError {
  return new ReconcileError(
    "secret_denied",
    `Secret ${ref.namespace}/${ref.name} can't be used by Deployments of namespace ${target.namespace}: it does not exist or is not allowed; move it to that namespace, or let an administrator add its namespace to SECRET_NAMESPACES`,
  );
}

/** Unchanged is no news. */
function tell(log: Log, { namespace, deployment, outcome }: Result): void {
  const fields = { namespace, deployment };
  if (outcome.kind === "patched") log.info({ ...fields, from: outcome.from, to: outcome.to, commit: outcome.commit }, "Deployment patched");
  if (outcome.kind === "failed") log.warn({ ...fields, code: outcome.error.code, error: outcome.error.message }, "Deployment failed");
}
