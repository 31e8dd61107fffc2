import { setTimeout as sleep } from "node:timers/promises";
import { createFairQueue, type FairQueue } from "../../sharing/fair-queue.ts";
import { HungUpEarly } from "./ssh-failures.ts";

interface Opening {
  readonly host: string;
  /** Undefined: the operator itself. */
  readonly namespace: string | undefined;
}

interface Host {
  limit: number;
  active: number;
  readonly waiting: FairQueue<() => void>;
}

/**
 * Runs `open` when the host has room for one more login, again when the host hung up early.
 * Keeps below sshd's MaxStartups (10 by default): at most `atOnce` logins per host are under way. A host that hangs up early gets
 * half as many until they are all done, and the one that it hung up on is tried `retries` times more, after 1, 3, 9 … times `retryMs`, jittered.
 * Namespaces take turns.
 */
export function createSshOpenings(options: { atOnce: number; retries: number; retryMs: number }) {
  const hosts = new Map<string, Host>();

  async function withPlace<T>({ host: name, namespace = "" }: Opening, open: () => Promise<T>): Promise<T> {
    const host = hosts.get(name) ?? { limit: options.atOnce, active: 0, waiting: createFairQueue(Number.POSITIVE_INFINITY) };
    hosts.set(name, host);
    if (host.active >= host.limit) await new Promise<void>((granted) => host.waiting.push(namespace, granted));
    else host.active += 1;
    try {
      return await open();
    } catch (error) {
      if (error instanceof HungUpEarly) host.limit = Math.max(1, Math.floor(host.limit / 2));
      throw error;
    } finally {
      host.active -= 1;
      while (host.active < host.limit && host.waiting.length > 0) {
        host.active += 1;
        host.waiting.shift()?.();
      }
      if (host.active === 0) hosts.delete(name);
    }
  }

  return async <T>(to: Opening, signal: AbortSignal, open: () => Promise<T>): Promise<T> => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await withPlace(to, open);
      } catch (error) {
        if (!(error instanceof HungUpEarly) || attempt >= options.retries) throw error;
        await sleep(options.retryMs * 3 ** attempt * (0.5 + Math.random()), undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  };
}
