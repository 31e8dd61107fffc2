import { AsyncLocalStorage } from "node:async_hooks";
import { type SearchedSecret, searchedSecret, secretLengthAt } from "./secret-search.ts";

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
  /** The text with every part of a watched secret, or a telling beginning of one, replaced by `[redacted: LABEL]`. Linear in the text. */
  replace(text: string): string;
  /** Secrets watched now. */
  readonly size: number;
}

interface Watched {
  readonly secret: SearchedSecret;
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
      const watched = { secret: searchedSecret(secretText), label };
      holder.add(watched);
      size += 1;
      return () => {
        if (holder.delete(watched)) size -= 1;
      };
    },
    replace(text) {
      const watched = [everywhere, ...(scopes.getStore() ?? [])].flatMap((holder) => [...holder]);
      if (watched.length === 0) return text;
      const bytes = Buffer.from(text);
      let result = "";
      let shown = 0;
      for (let at = 0; at < bytes.length; at++) {
        const [length, label] = longestAt(bytes, at, watched);
        if (length === 0) continue;
        result += `${bytes.toString("utf8", shown, at)}[redacted: ${label}]`;
        shown = at + length;
        // A beginning may end within a character.
        while (((bytes[shown] ?? 0) & 0xc0) === 0x80) shown += 1;
        at = shown - 1;
      }
      return shown === 0 ? text : result + bytes.toString("utf8", shown);
    },
    get size() {
      return size;
    },
  };
}

function longestAt(text: Buffer, at: number, watched: readonly Watched[]): [length: number, label: string] {
  let longest: [number, string] = [0, ""];
  for (const { secret, label } of watched) {
    const length = secretLengthAt(text, at, secret);
    if (length > longest[0]) longest = [length, label];
  }
  return longest;
}
