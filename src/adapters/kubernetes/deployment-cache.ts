import type { Deployments, Log } from "../../core/ports.ts";
import { unlessAborted } from "../../sharing/unless-aborted.ts";
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
  /** What RBAC does not let be listed, in sentences. */
  readonly refusals: readonly string[];
  close(): void;
}

/** In place of a namespace's name. */
const ALL = "";

/** The Deployments that are ours, kept up to date from now on. */
export function createDeploymentCache({ client, namespaces, log, times = {} }: DeploymentCacheOptions): DeploymentCache {
  const start = (namespace: string) => {
    const path = `/apis/apps/v1${namespace === ALL ? "" : `/namespaces/${encodeURIComponent(namespace)}`}/deployments`;
    return startReflector(client, path, { ...defaultReflectorTimes, ...times }, log);
  };
  const byNamespace = new Map((namespaces.length === 0 ? [ALL] : [...new Set(namespaces)]).map((name) => [name, start(name)]));
  const reflectors = [...byNamespace.values()];
  const reflectorOf = (namespace: string) => byNamespace.get(ALL) ?? byNamespace.get(namespace);
  // One namespace without the right keeps no other waiting; none at all would be nothing to serve.
  const allSettled = Promise.all([...reflectors.map(({ settled }) => settled), Promise.race(reflectors.map(({ firstList }) => firstList))]);

  return {
    async ready(signal) {
      await unlessAborted(allSettled, signal);
    },
    get synced() {
      return reflectors.some(({ synced }) => synced) && reflectors.every(({ synced, refusal }) => synced || refusal !== undefined);
    },
    staleForMs(namespace) {
      const one = namespace === undefined ? undefined : reflectorOf(namespace);
      const allowed = reflectors.filter(({ refusal }) => refusal === undefined);
      const asked = one ? [one] : allowed.length > 0 ? allowed : reflectors;
      return performance.now() - Math.min(...asked.map(({ heardAtMs }) => heardAtMs));
    },
    refusal: (namespace) => reflectorOf(namespace)?.refusal,
    get refusals() {
      return [...byNamespace].flatMap(([namespace, { refusal }]) => {
        const where = namespace === ALL ? "the cluster" : `namespace ${namespace}`;
        return refusal === undefined ? [] : [`the Deployments of ${where} may not be listed: ${refusal}`];
      });
    },
    list() {
      const records = reflectors.flatMap((reflector) => [...reflector.records.values()]);
      return records.sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
    },
    get(namespace, name) {
      return reflectorOf(namespace)?.records.get(`${namespace}/${name}`);
    },
    get restarts() {
      return reflectors.reduce((sum, { restarts }) => sum + restarts, 0);
    },
    close() {
      for (const reflector of reflectors) reflector.close();
    },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
