/** Kept connections over https, of each credential its own: nothing is shared between any two. */
import type { Dispatcher } from "undici";
import type { GitHubApp, TokenLogin } from "../../core/git-ports.ts";
import { longestOfMost } from "../../sharing/longest-of-most.ts";

/** Of how many unused credentials connections are kept. Over that, the namespace with most loses the one that was unused longest. */
const MOST_IDLE = 128;

export interface UsedDispatcher {
  readonly dispatcher: Dispatcher;
  /** It is not used any more. */
  end(): void;
}

export type CredentialConnections = ReturnType<typeof createCredentialConnections>;

interface Entry {
  readonly id: string;
  readonly dispatcher: Dispatcher;
  readonly namespace: string;
  users: number;
}

export function createCredentialConnections(openDispatcher: (caPem: string | undefined) => Dispatcher) {
  /** By credential; the one that was used last is the last. */
  const entries = new Map<string, Entry>();

  function leave(entry: Entry): void {
    entry.users -= 1;
    const idle = [...entries.values()].filter(({ users }) => users === 0);
    if (idle.length <= MOST_IDLE) return;
    const { id, dispatcher } = longestOfMost(idle);
    entries.delete(id);
    void dispatcher.close();
  }

  return {
    use(key: TokenLogin | GitHubApp): UsedDispatcher {
      const fresh = () => ({ id: key.id, dispatcher: openDispatcher(key.caPem), namespace: key.secret.namespace, users: 0 });
      const entry = entries.get(key.id) ?? fresh();
      entries.delete(key.id);
      entries.set(key.id, entry);
      entry.users += 1;
      return { dispatcher: entry.dispatcher, end: () => leave(entry) };
    },
    async close(): Promise<void> {
      await Promise.all([...entries.values()].map(({ dispatcher }) => dispatcher.destroy()));
    },
  };
}
