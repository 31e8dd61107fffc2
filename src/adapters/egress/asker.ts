/** For which namespace something is asked, passed along like a trace, so that each takes only its share of what all have in common. */
import { AsyncLocalStorage } from "node:async_hooks";

const askers = new AsyncLocalStorage<string | undefined>();

/** All that `work` begins is asked for that namespace; undefined: for the operator itself. */
export function askFor<T>(namespace: string | undefined, work: () => T): T {
  return askers.run(namespace, work);
}

/** Undefined: the operator itself. */
export function currentAsker(): string | undefined {
  return askers.getStore();
}
