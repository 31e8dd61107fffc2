/** Hosts that did not answer: who asked before that was found out is told so at once, instead of waiting for the same silence. */
import { DatedFailure } from "../../core/dated-failure.ts";
import type { ReconcileError } from "../../errors.ts";

export interface HostBreaker {
  /** Throws when no connection to the host came about in a try that began not before that time. */
  refuse(host: string, notBefore: number): void;
  /** No connection came about in the try that began then; the failure to throw. */
  failed(host: string, startedAt: number, error: ReconcileError): DatedFailure;
  /** The host answered, whatever it said. */
  answered(host: string): void;
}

interface HostState {
  answeredAt: number;
  failure?: DatedFailure;
}

const MAX_HOSTS = 1_000;

export function createHostBreaker(): HostBreaker {
  const hosts = new Map<string, HostState>();

  function remember(host: string, state: HostState): void {
    hosts.delete(host);
    hosts.set(host, state);
    const [oldest] = hosts.keys();
    if (hosts.size > MAX_HOSTS && oldest !== undefined) hosts.delete(oldest);
  }

  return {
    refuse(host, notBefore) {
      const failure = hosts.get(host)?.failure;
      if (!failure || failure.startedAt < notBefore) return;
      const message = `git host ${host} did not answer a moment ago, so this pass does not ask it again, the next one does: ${failure.message}`;
      throw new DatedFailure("git_unreachable", message, failure.startedAt, { cause: failure });
    },
    failed(host, startedAt, error) {
      const failure = new DatedFailure(error.code, error.message, startedAt, { cause: error });
      const { answeredAt = Number.NEGATIVE_INFINITY, failure: known } = hosts.get(host) ?? {};
      // A host that has answered somebody since then is only busy.
      const isNews = startedAt > answeredAt && (!known || startedAt > known.startedAt);
      if (isNews) remember(host, { answeredAt, failure });
      return failure;
    },
    answered: (host) => remember(host, { answeredAt: performance.now() }),
  };
}
