import { defaultsLabel } from "../../core/annotations.ts";
import type { Log } from "../../core/ports.ts";
import { mergeDefaults } from "../../core/targets/namespace-defaults.ts";
import type { DefaultsRecord, NamespaceDefaults } from "../../core/types.ts";
import { unlessAborted } from "../../sharing/unless-aborted.ts";
import { parseDefaultsRecord } from "./defaults-record.ts";
import type { KubeClient } from "./kube-client.ts";
import { ALL, type ObjectSource, pathIn } from "./object-source.ts";
import { defaultReflectorTimes, type ReflectorTimes, startReflector } from "./reflector.ts";

interface DefaultsCacheOptions {
  readonly client: KubeClient;
  /** Empty = all. */
  readonly namespaces: readonly string[];
  readonly log: Log;
  readonly times?: Partial<ReflectorTimes>;
}

export type DefaultsCache = ReturnType<typeof createDefaultsCache>;

const type = { apiVersion: "v1", plural: "configmaps" };

/** The ConfigMaps with defaults, by namespace, kept up to date from now on. */
export function createDefaultsCache({ client, namespaces, log, times = {} }: DefaultsCacheOptions) {
  // One line of the log, in however many namespaces there is no right.
  const told = new Set<string>();
  const start = (namespace: string) => {
    const source: ObjectSource = {
      ...{ ...type, path: pathIn(type, namespace), resource: type.plural, isWhole: true },
      selector: `${defaultsLabel}=true`,
    };
    return startReflector<DefaultsRecord>({
      ...{ client, source, log, parse: parseDefaultsRecord, what: "ConfigMaps with defaults", need: { kind: "refusable", told } },
      times: { ...defaultReflectorTimes, ...times },
    });
  };
  const byNamespace = new Map((namespaces.length === 0 ? [ALL] : [...new Set(namespaces)]).map((name) => [name, start(name)]));
  const reflectors = [...byNamespace.values()];
  const reflectorOf = (namespace: string) => byNamespace.get(ALL) ?? byNamespace.get(namespace);
  const allSettled = Promise.all(reflectors.map(({ settled }) => settled));

  let seenChanges = -1;
  let merged = new Map<string, { readonly records: readonly DefaultsRecord[]; readonly defaults: NamespaceDefaults | undefined }>();
  /** Only of a namespace whose ConfigMaps changed are the defaults others: no namespace makes the targets of another be read anew. */
  function mergedByNamespace() {
    const changes = reflectors.reduce((sum, reflector) => sum + reflector.changes, 0);
    if (changes === seenChanges) return merged;
    seenChanges = changes;
    const all = reflectors.flatMap(({ records }) => [...records.values()]);
    const before = merged;
    merged = new Map();
    for (const [namespace, records] of Map.groupBy(all, (record) => record.namespace)) {
      const known = before.get(namespace);
      const isSame = known?.records.length === records.length && records.every((record, index) => record === known.records[index]);
      merged.set(namespace, isSame ? known : { records, defaults: mergeDefaults(records) });
    }
    return merged;
  }

  let unseen: NamespaceDefaults | undefined;
  /** One object for as long as the reason is the same: what is made of it is made once. */
  function unseenFor(reason: string): NamespaceDefaults {
    const why = `ConfigMaps with defaults are not read: ${reason}`;
    if (unseen?.unseen !== why) unseen = { values: {}, conflicts: {}, problems: [], warnings: [], unseen: why };
    return unseen;
  }

  return {
    /** Resolves when those of each namespace were listed or may certainly not be; rejects when the signal aborts first. */
    async ready(signal: AbortSignal): Promise<void> {
      await unlessAborted(allSettled, signal);
    },
    get isSettled() {
      return reflectors.every(({ isSettled }) => isSettled);
    },
    of(namespace: string): NamespaceDefaults | undefined {
      const known = mergedByNamespace().get(namespace)?.defaults;
      const refusal = reflectorOf(namespace)?.refusal;
      return known ?? (refusal === undefined ? undefined : unseenFor(refusal));
    },
    /** Why those that are known of that namespace may be out of date; without any the operator does without. */
    refusal(namespace: string): string | undefined {
      return mergedByNamespace().has(namespace) ? reflectorOf(namespace)?.refusal : undefined;
    },
    /** Where they are refused nothing is awaited. */
    staleForMs(namespace?: string): number {
      const one = namespace === undefined ? undefined : reflectorOf(namespace);
      const asked = (one ? [one] : reflectors).filter(({ refusal }) => refusal === undefined);
      return asked.length === 0 ? 0 : performance.now() - Math.min(...asked.map(({ heardAtMs }) => heardAtMs));
    },
    /** In one sentence, however many namespaces. */
    get refusals(): readonly string[] {
      const first = reflectors.find(({ refusal }) => refusal !== undefined)?.refusal;
      return first === undefined ? [] : [`ConfigMaps with defaults are not read: ${first}`];
    },
    get restarts() {
      return reflectors.reduce((sum, { restarts }) => sum + restarts, 0);
    },
    close() {
      for (const reflector of reflectors) reflector.close();
    },
  };
}
