import type { Log } from "../../core/ports.ts";
import { idOf, logFields, type Workload } from "../../core/types.ts";

export type WithoutBroken = ReturnType<typeof createWithoutBroken>;

/** The log is told of what could not be shown. */
export function tellMistakes(log: Pick<Log, "error">) {
  return (workload: Workload, err: unknown) => log.error({ ...logFields(workload), err }, `${workload.kind} could not be shown`);
}

/**
 * Shows objects one by one. Where showing one throws, that is a mistake of ours: it is told once and left out, and the others are shown all the same
 * (docs/ASSURANCE.md, F46).
 */
export function createWithoutBroken(onBroken: (workload: Workload, error: unknown) => void) {
  const broken = new Map<string, Workload>();
  return {
    /** Undefined: it can't be shown, now or before. */
    show<T>(workload: Workload, make: () => T): T | undefined {
      const id = idOf(workload);
      if (broken.has(id)) return undefined;
      try {
        return make();
      } catch (error) {
        broken.set(id, workload);
        onBroken(workload, error);
        return undefined;
      }
    },
    /** Those that could not be, so far. */
    broken: () => broken.values(),
  };
}
