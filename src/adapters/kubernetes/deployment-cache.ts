import type { Deployments, Log } from "../../core/ports.ts";
import type { KubeClient } from "./kube-client.ts";
import { defaultReflectorTimes, type ReflectorTimes, startReflector } from "./reflector.ts";

interface DeploymentCacheOptions {
  readonly client: KubeClient;
  /** Empty = all. */
  readonly namespaces: readonly string[];
  readonly log: Log;
  readonly times?: Partial<ReflectorTimes>;
}

export interface DeploymentCache extends Deployments {
  /** How often listing or watching had to begin again after a failure. */
  readonly restarts: number;
  readonly lastError: string | undefined;
  close(): void;
}

/** The Deployments that are ours, kept up to date from now on. */
export function createDeploymentCache({ client, namespaces, log, times = {} }: DeploymentCacheOptions): DeploymentCache {
  const paths =
    namespaces.length === 0 ? [""] : [...new Set(namespaces)].map((namespace) => `/namespaces/${encodeURIComponent(namespace)}`);
  const reflectors = paths.map((path) =>
    startReflector(client, `/apis/apps/v1${path}/deployments`, { ...defaultReflectorTimes, ...times }, log),
  );
  const allListed = Promise.all(reflectors.map(({ firstList }) => firstList));

  return {
    async ready(signal) {
      signal.throwIfAborted();
      const aborted = Promise.withResolvers<never>();
      const onAbort = () => aborted.reject(signal.reason);
      signal.addEventListener("abort", onAbort);
      await Promise.race([allListed, aborted.promise]).finally(() => signal.removeEventListener("abort", onAbort));
    },
    get synced() {
      return reflectors.every(({ synced }) => synced);
    },
    staleForMs: () => performance.now() - Math.min(...reflectors.map(({ heardAtMs }) => heardAtMs)),
    list() {
      const records = reflectors.flatMap((reflector) => [...reflector.records.values()]);
      return records.sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
    },
    get(namespace, name) {
      for (const { records } of reflectors) {
        const record = records.get(`${namespace}/${name}`);
        if (record) return record;
      }
      return undefined;
    },
    get restarts() {
      return reflectors.reduce((sum, { restarts }) => sum + restarts, 0);
    },
    get lastError() {
      return reflectors.findLast(({ lastError }) => lastError !== undefined)?.lastError;
    },
    close() {
      for (const reflector of reflectors) reflector.close();
    },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
