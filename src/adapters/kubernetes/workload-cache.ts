import type { Workloads } from "../../core/cluster-ports.ts";
import type { Log } from "../../core/ports.ts";
import { allInWords, type Workload, type WorkloadRecord } from "../../core/types.ts";
import { builtInKinds, type WatchedKind } from "../../core/watched-kinds.ts";
import { unlessAborted } from "../../sharing/unless-aborted.ts";
import { createKindFinders, type KindFinder } from "./kind-finder.ts";
import type { KubeClient } from "./kube-client.ts";
import { ALL, sourceOf } from "./object-source.ts";
import { defaultReflectorTimes, type Reflector, type ReflectorTimes, startReflector } from "./reflector.ts";
import { parseWorkloadRecord } from "./workload-record.ts";

interface WorkloadCacheOptions {
  readonly client: KubeClient;
  /** The first is what the operator can't do without. */
  readonly kinds?: readonly WatchedKind[];
  /** Empty = all. */
  readonly namespaces: readonly string[];
  /** A label selector; undefined: all. */
  readonly selector?: string | undefined;
  readonly log: Log;
  readonly times?: Partial<ReflectorTimes>;
}

export interface WorkloadCache extends Workloads {
  /** How often listing or watching had to begin again after a failure. */
  readonly restarts: number;
  /** What can't be listed, RBAC or that it is not there, in sentences. */
  readonly refusals: readonly string[];
  /** In how many namespaces RBAC does not let the Deployments be listed. */
  readonly refusedNamespaces: number;
  close(): void;
}

/** One kind, in each namespace. */
interface Watch {
  readonly finder: KindFinder;
  readonly isOptional: boolean;
  readonly resource: string;
  readonly byNamespace: ReadonlyMap<string, Reflector<WorkloadRecord>>;
}

/** The workloads that are ours, kept up to date from now on. */
export function createWorkloadCache(options: WorkloadCacheOptions): WorkloadCache {
  const { client, kinds = builtInKinds, selector, log, times = {} } = options;
  const namespaces = options.namespaces.length === 0 ? [ALL] : [...new Set(options.namespaces)];
  const finders = createKindFinders(client, kinds);

  function watch(kind: WatchedKind, finder: KindFinder, isOptional: boolean): Watch {
    // An optional kind that nobody may list is one line of the log, however many namespaces there are.
    const need = isOptional
      ? ({ kind: "optional", told: new Set<string>(), onMissing: finder.forget } as const)
      : ({ kind: "required" } as const);
    const { resource } = sourceOf(kind, ALL, selector);
    const start = (namespace: string) => {
      const source = sourceOf(kind, namespace, selector);
      return startReflector({
        ...{ client, source, prepare: finder.find, need },
        parse: (object) => parseWorkloadRecord(object, { kind: finder.kind ?? "", apiVersion: source.apiVersion }),
        what: isOptional ? resource : "Deployments",
        ...{ log, times: { ...defaultReflectorTimes, ...times } },
      });
    };
    return { finder, isOptional, resource, byNamespace: new Map(namespaces.map((namespace) => [namespace, start(namespace)])) };
  }

  const watches = finders.map((finder, index) => watch(kinds[index] as WatchedKind, finder, index > 0));
  const reflectors = watches.flatMap(({ byNamespace }) => [...byNamespace.values()]);
  const required = watches.filter(({ isOptional }) => !isOptional).flatMap(({ byNamespace }) => [...byNamespace.values()]);
  const reflectorOf = ({ kind, namespace }: Workload) => {
    const of = watches.find(({ finder }) => finder.kind === kind)?.byNamespace;
    return of?.get(ALL) ?? of?.get(namespace);
  };
  // One namespace without the right keeps no other waiting; none at all would be nothing to serve.
  const allSettled = Promise.all([...reflectors.map(({ settled }) => settled), Promise.race(required.map(({ firstList }) => firstList))]);

  return {
    async ready(signal) {
      await unlessAborted(allSettled, signal);
    },
    get synced() {
      if (!reflectors.every(({ isSettled }) => isSettled)) return false;
      return required.some(({ synced }) => synced) && required.every(({ synced, refusal }) => synced || refusal !== undefined);
    },
    staleForMs(of) {
      const one = of && reflectorOf(of);
      const allowed = reflectors.filter(({ refusal }) => refusal === undefined);
      const asked = one ? [one] : allowed.length > 0 ? allowed : reflectors;
      return performance.now() - Math.min(...asked.map(({ heardAtMs }) => heardAtMs));
    },
    refusal(of) {
      const why = reflectorOf(of)?.refusal;
      return why === undefined ? undefined : { what: allInWords(of), why };
    },
    get refusals() {
      return watches.flatMap(refusalsOf);
    },
    get refusedNamespaces() {
      return required.filter(({ refusal }) => refusal !== undefined).length;
    },
    list() {
      const records = reflectors.flatMap((reflector) => [...reflector.records.values()]);
      return records.sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name) || compare(a.kind, b.kind));
    },
    get: (workload) => reflectorOf(workload)?.records.get(`${workload.namespace}/${workload.name}`),
    get restarts() {
      return reflectors.reduce((sum, { restarts }) => sum + restarts, 0);
    },
    close() {
      for (const reflector of reflectors) reflector.close();
    },
  };
}

/** Of an optional kind one for all namespaces. */
function refusalsOf({ isOptional, resource, byNamespace }: Watch): string[] {
  const refused = [...byNamespace].flatMap(([namespace, { refusal }]) => (refusal === undefined ? [] : [{ namespace, refusal }]));
  const [first] = refused;
  if (!first) return [];
  if (!isOptional)
    return refused.map(({ namespace, refusal }) => `the Deployments of ${placeOf([namespace])} may not be listed: ${refusal}`);
  return [`${resource} of ${placeOf(refused.map(({ namespace }) => namespace))} are not watched: ${first.refusal}`];
}

const mostNamed = 5;

function placeOf(namespaces: readonly string[]): string {
  if (namespaces.includes(ALL)) return "the cluster";
  const more = namespaces.length - mostNamed;
  return `namespace${namespaces.length === 1 ? "" : "s"} ${namespaces.slice(0, mostNamed).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
