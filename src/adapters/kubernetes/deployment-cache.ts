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

/** The Deployments that are ours, kept up to date from now on. */
export function createDeploymentCache({ client, namespaces, log, times = {} }: DeploymentCacheOptions): DeploymentCache {
  const start = (path: string) => startReflector(client, `/apis/apps/v1${path}/deployments`, { ...defaultReflectorTimes, ...times }, log);
  const whole = namespaces.length === 0 ? start("") : undefined;
  const byNamespace = new Map([...new Set(namespaces)].map((name) => [name, start(`/namespaces/${encodeURIComponent(name)}`)]));
  const reflectors = whole ? [whole] : [...byNamespace.values()];
  const reflectorOf = (namespace: string) => whole ?? byNamespace.get(namespace);
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
      const named = [...byNamespace].map(([namespace, { refusal }]) => ({ where: `namespace ${namespace}`, refusal }));
      return [{ where: "the cluster", refusal: whole?.refusal }, ...named].flatMap(({ where, refusal }) =>
        refusal === undefined ? [] : [`the Deployments of ${where} may not be listed: ${refusal}`],
      );
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
