/** How much of Secrets all runs may hold at once: those that wait for builds or pushes keep theirs, and memory is everybody's. */
import { ReconcileError } from "../../errors.ts";
import { createHoldings } from "../../sharing/holdings.ts";

/** Thousands of runs with keys of ordinary size. A byte of Secret costs two to five in memory, eleven if it was written to cost much. */
const MOST_BYTES = 16 * 1024 * 1024;
/** What each namespace may hold in any case, a few keys: a dozen greedy namespaces would else leave less than one to all others. */
const ALWAYS_BYTES = 16 * 1024;

/** Counts the bytes until the returned function is called. Throws where the namespace would hold more than it leaves free, and more than each may always hold. */
export function createSecretBudget(): (namespace: string, bytes: number) => () => void {
  const held = createHoldings();
  return (namespace, bytes) => {
    // So whoever comes next finds room, however much the others hold.
    const leftFree = MOST_BYTES - held.total - bytes;
    if (held.of(namespace) + bytes > Math.max(ALWAYS_BYTES, leftFree)) throw full(namespace, held.of(namespace));
    return held.take(namespace, bytes);
  };
}

function full(namespace: string, held: number): ReconcileError {
  return new ReconcileError(
    "secret_limit",
    `the runs of namespace ${namespace} hold ${Math.ceil(held / 1024)} KiB of Secrets while they wait for builds and pushes, and no more is ` +
      "free for it; it is tried again at the next pass: keep in each Secret only what the operator needs, or let fewer Deployments wait at once",
  );
}
