/** Redaction at the sinks: whatever leaves the process as text goes through here (docs/ASSURANCE.md, S11). */
import { AsyncLocalStorage } from "node:async_hooks";
import { type SearchedSecret, searchedSecret, secretLengthAt } from "./secret-search.ts";
import { replaceSecretShapes } from "./secret-shapes.ts";

/** Of those whose work is going on; the first is the one that what is watched now belongs to. */
export type SecretScope = readonly Set<Watched>[];

interface Watched {
  readonly secret: SearchedSecret;
  readonly label: string;
}

export type Redactor = ReturnType<typeof createRedactor>;

export function createRedactor() {
  const scopes = new AsyncLocalStorage<SecretScope>();
  const everywhere = new Set<Watched>();
  let watchedCount = 0;

  /** The text with every part of a watched secret, or a telling beginning of one, replaced by `[redacted: LABEL]`. Linear in the text. */
  function replaceWatched(text: string): string {
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
  }

  return {
    /** Runs `work` with secrets of its own: what is watched in it is looked for in its texts, and in nobody else's. */
    scope: <T>(work: () => Promise<T>): Promise<T> => scopes.run([new Set()], work),
    current: (): SecretScope => scopes.getStore() ?? [],
    /** Runs `work` that is done for all of these: the secrets of each are looked for in its texts. */
    together: <T>(several: readonly SecretScope[], work: () => T): T => scopes.run([...new Set(several.flat())], work),
    /** To be called when a secret has been read; the returned function when it is not used any more. Outside of any scope: for every text. */
    watch(secretText: string, label = "secret"): () => void {
      const [holder = everywhere] = scopes.getStore() ?? [];
      const watched = { secret: searchedSecret(secretText), label };
      holder.add(watched);
      watchedCount += 1;
      return () => {
        if (holder.delete(watched)) watchedCount -= 1;
      };
    },
    /** Live secrets by value, all others by their shape. Never throws. */
    redact: (text: string): string => replaceSecretShapes(replaceWatched(text)),
    /** Tests see by it that none is kept. */
    get watchedCount() {
      return watchedCount;
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
