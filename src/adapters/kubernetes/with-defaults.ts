import type { NamespaceDefaults, WorkloadRecord } from "../../core/types.ts";
import type { DefaultsCache } from "./defaults-cache.ts";
import type { WorkloadCache } from "./workload-cache.ts";

/** The same workloads with the defaults of their namespaces: what they say is not known before those are. */
export function withDefaults(workloads: WorkloadCache, defaults: DefaultsCache): WorkloadCache {
  const known = new WeakMap<WorkloadRecord, { readonly defaults: NamespaceDefaults; readonly record: WorkloadRecord }>();
  /** The same object again while neither part of it changed. */
  function whole(record: WorkloadRecord): WorkloadRecord {
    const found = defaults.of(record.namespace);
    if (found === undefined) return record;
    const before = known.get(record);
    if (before?.defaults === found) return before.record;
    const made = { ...record, defaults: found };
    known.set(record, { defaults: found, record: made });
    return made;
  }

  return {
    async ready(signal) {
      await Promise.all([workloads.ready(signal), defaults.ready(signal)]);
    },
    get synced() {
      return workloads.synced && defaults.isSettled;
    },
    staleForMs: (of) => Math.max(workloads.staleForMs(of), defaults.staleForMs(of?.namespace)),
    refusal(of) {
      const why = defaults.refusal(of.namespace);
      return workloads.refusal(of) ?? (why === undefined ? undefined : { what: "ConfigMaps with defaults", why });
    },
    get refusals() {
      return [...workloads.refusals, ...defaults.refusals];
    },
    get refusedNamespaces() {
      return workloads.refusedNamespaces;
    },
    list: () => workloads.list().map(whole),
    get(workload) {
      const record = workloads.get(workload);
      return record && whole(record);
    },
    get restarts() {
      return workloads.restarts + defaults.restarts;
    },
    close() {
      workloads.close();
      defaults.close();
    },
  };
}
