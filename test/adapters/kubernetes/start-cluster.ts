import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import type { NewObject } from "../../../sandbox/cluster-api/kinds.ts";
import type { Protocol } from "../../../sandbox/cluster-api/listener.ts";
import { type ClusterApi, type ClusterApiOptions, startClusterApi } from "../../../sandbox/cluster-api.ts";
import { createKubeClient, type KubeClient } from "../../../src/adapters/kubernetes/kube-client.ts";
import type { ReflectorTimes } from "../../../src/adapters/kubernetes/reflector.ts";
import { createWorkloadCache, type WorkloadCache } from "../../../src/adapters/kubernetes/workload-cache.ts";
import type { Log } from "../../../src/core/ports.ts";
import type { Workload } from "../../../src/core/types.ts";
import { builtInKinds, type WatchedKind } from "../../../src/core/watched-kinds.ts";

export const protocols: readonly Protocol[] = ["http", "https", "h2"];

/** Without a test that aborts it. */
export const never = new AbortController().signal;

/** The defaults, about 30 times faster; `timeoutSeconds` is whole seconds. */
export const fastTimes: ReflectorTimes = {
  listDeadlineMs: 2_000,
  watchSeconds: 1,
  silenceMs: 1400,
  backoffMs: 20,
  backoffCapMs: 250,
  stableMs: 300,
  absentMs: 100,
  relistMs: 30_000,
};

interface Cluster {
  readonly api: ClusterApi;
  readonly client: KubeClient;
}

export async function startCluster(t: TestContext, options: ClusterApiOptions = {}, doubtMs = 60): Promise<Cluster> {
  const api = await startClusterApi(options);
  const client = createKubeClient(kubeConfigOf(api.kubeconfig), doubtMs);
  t.after(async () => {
    client.close();
    await api.close();
  });
  return { api, client };
}

export function kubeConfigOf(text: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(text);
  return config;
}

export interface Told {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

interface MoreWatched {
  /** Beside the Deployments. */
  readonly kinds?: readonly WatchedKind[];
  readonly selector?: string;
}

export function startCache(
  t: TestContext,
  client: KubeClient,
  namespaces: string[] = [],
  times: Partial<ReflectorTimes> = {},
  more: MoreWatched = {},
) {
  const told: Told[] = [];
  const tell = (level: Told["level"]) => (fields: object, message: string) => void told.push({ level, message, fields: { ...fields } });
  const log: Log = { info: tell("info"), warn: tell("warn"), error: tell("error") };
  const cache: WorkloadCache = createWorkloadCache({
    client,
    namespaces,
    log,
    kinds: [builtInKinds[0], ...(more.kinds ?? [])],
    selector: more.selector,
    times: { ...fastTimes, ...times },
  });
  t.after(() => cache.close());
  return { cache, told };
}

/** A cache that has seen `a` and is watching. */
export async function watching(t: TestContext, protocol: Protocol = "http", times: Partial<ReflectorTimes> = {}) {
  const { api, client } = await startCluster(t, { protocol });
  api.put(deployment("a"));
  const { cache, told } = startCache(t, client, [], times);
  await cache.ready(AbortSignal.timeout(60_000));
  await until("a watch is open", () => api.openWatchCount === 1);
  return { api, cache, told };
}

export function deployment(
  name: string,
  namespace = "team",
  annotations: object = { "gitops.operator.enabled": "true" },
  image = "app:1",
): NewObject {
  return {
    kind: "Deployment",
    metadata: { name, namespace, annotations },
    spec: { replicas: 1, template: { spec: { containers: [{ name: "app", image }] } } },
  };
}

/** What it is known by. */
export function deploymentNamed(name: string, namespace = "team"): Workload {
  return { kind: "Deployment", namespace, name };
}

/** What was told last of a watch that had to begin again. */
export function lastProblem(told: readonly Told[]): unknown {
  return told.findLast(({ level }) => level === "warn")?.fields.reason;
}

export function namesIn(cache: WorkloadCache): string[] {
  return cache.list().map(({ name }) => name);
}

export async function until(what: string, holds: () => boolean, limitMs = 60_000): Promise<void> {
  const startMs = performance.now();
  while (!holds()) {
    if (performance.now() - startMs > limitMs) assert.fail(`not within ${limitMs} ms: ${what}`);
    await sleep(5);
  }
}
