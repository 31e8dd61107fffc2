import { AsyncLocalStorage } from "node:async_hooks";
import { findSecrets, fingerprintSecret, type SecretPrints } from "./secret-prints.ts";

interface LiveSecrets {
  /** Runs `work` with secrets of its own: what is watched in it is looked for in its texts, and in nobody else's. */
  scope<T>(work: () => Promise<T>): Promise<T>;
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
  const scopes = new AsyncLocalStorage<Set<Watched>>();
  const everywhere = new Set<Watched>();
  let size = 0;

  return {
    scope: (work) => scopes.run(new Set(), work),
    watch(secretText, label) {
      const holder = scopes.getStore() ?? everywhere;
      const watched = { prints: fingerprintSecret(secretText), label };
      holder.add(watched);
      size += 1;
      return () => {
        if (holder.delete(watched)) size -= 1;
      };
    },
    replace(text) {
      const watched = [...everywhere, ...(scopes.getStore() ?? [])];
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
