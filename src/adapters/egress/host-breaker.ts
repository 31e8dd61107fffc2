/** Hosts that did not answer: who asked before that was found out is told so at once, instead of waiting for the same silence. */
import { ReconcileError } from "../../errors.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import { currentAsker } from "./asker.ts";

export type HostBreaker = ReturnType<typeof createHostBreaker>;

interface HostState {
  answeredAt: number;
  /** Of a try that began then. */
  failure?: { readonly startedAt: number; readonly error: ReconcileError };
}

const MOST_BYTES = 2 ** 20;

export function createHostBreaker() {
  /** Each counts for the namespace that learned it last: one that learns too much forgets its own, and then that host is tried once more. */
  const hosts = createBoundedMap<HostState>(MOST_BYTES, dataBytes);

  return {
    /** Throws when no connection to the host came about in a try that began not before that time. */
    refuse(host: string, notBefore: number): void {
      const failure = hosts.get(host)?.failure;
      if (!failure || failure.startedAt < notBefore) return;
      const { startedAt, error } = failure;
      const message = `git host ${host} did not answer a moment ago, so this pass does not ask it again, the next one does: ${error.message}`;
      throw new ReconcileError("git_unreachable", message, { cause: error, startedAt });
    },
    /** No connection came about in the try that began then; the failure to throw. */
    failed(host: string, startedAt: number, error: ReconcileError): ReconcileError {
      const { answeredAt = Number.NEGATIVE_INFINITY, failure: known } = hosts.get(host) ?? {};
      // A host that has answered somebody since then is only busy.
      const isNews = startedAt > answeredAt && (!known || startedAt > known.startedAt);
      if (isNews) hosts.set(host, { answeredAt, failure: { startedAt, error } }, currentAsker());
      return new ReconcileError(error.code, error.message, { cause: error, startedAt });
    },
    /** The host answered, whatever it said. */
    answered: (host: string) => hosts.set(host, { answeredAt: performance.now() }, currentAsker()),
  };
}
