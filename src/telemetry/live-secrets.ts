import { AsyncLocalStorage } from "node:async_hooks";
import { findSecrets, fingerprintSecret, type SecretPrints } from "./secret-prints.ts";

/** Of those whose work is going on; the first is the one that what is watched now belongs to. */
export type SecretScope = readonly Set<Watched>[];

export interface LiveSecrets {
  /** Runs `work` with secrets of its own: what is watched in it is looked for in its texts, and in nobody else's. */
  scope<T>(work: () => Promise<T>): Promise<T>;
  current(): SecretScope;
  /** Runs `work` that is done for all of these: the secrets of each are looked for in its texts. */
  together<T>(scopes: readonly SecretScope[], work: () => T): T;
  /** Looks for the secret, in every text when no scope is going on, until the returned function is called. */
  watch(secretText: string, label: string): () => void;
  /** The text with every part of a watched secret replaced by `[redacted: LABEL]`. Linear in the text. */
  replace(text: string): string;
  /** Secrets watched now. */
  readonly size: number;
}

interface Watched {
  readonly prints: SecretPrints;
  readonly label: string;
}

export function createLiveSecrets(): LiveSecrets {
  const scopes = new AsyncLocalStorage<SecretScope>();
  const everywhere = new Set<Watched>();
  let size = 0;

  return {
    scope: (work) => scopes.run([new Set()], work),
    current: () => scopes.getStore() ?? [],
    together: (several, work) => scopes.run([...new Set(several.flat())], work),
    watch(secretText, label) {
      const [holder = everywhere] = scopes.getStore() ?? [];
      const watched = { prints: fingerprintSecret(secretText), label };
      holder.add(watched);
      size += 1;
      return () => {
        if (holder.delete(watched)) size -= 1;
      };
    },
    replace(text) {
      const watched = [everywhere, ...(scopes.getStore() ?? [])].flatMap((holder) => [...holder]);
      if (watched.length === 0) return text;
      let result = "";
      let kept = 0;
      const secrets = watched.map(({ prints }) => prints);
      for (const { at, length, index } of findSecrets(text, secrets)) {
        result += `${text.slice(kept, at)}[redacted: ${watched[index]?.label}]`;
        kept = at + length;
      }
      return kept === 0 ? text : result + text.slice(kept);
    },
    get size() {
      return size;
    },
  };
}
