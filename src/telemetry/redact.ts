/** Redaction at the sinks: whatever leaves the process as text goes through here (docs/ASSURANCE.md, S11). */
import { createLiveSecrets, type LiveSecrets } from "./live-secrets.ts";
import { replaceSecretShapes } from "./secret-shapes.ts";

export interface Redactor extends Pick<LiveSecrets, "scope" | "current" | "together"> {
  /** To be called when a secret has been read; the returned function when it is not used any more. Outside of any scope: for every text. */
  watch(secretText: string, label?: string): () => void;
  /** Live secrets by value, all others by their shape. Never throws. */
  redact(text: string): string;
  /** Secrets watched now: tests see by it that none is kept. */
  readonly watchedCount: number;
}

export function createRedactor(): Redactor {
  const live = createLiveSecrets();

  return {
    ...{ scope: live.scope, current: live.current, together: live.together },
    watch: (secretText, label = "secret") => live.watch(secretText, label),
    redact: (text) => replaceSecretShapes(live.replace(text)),
    get watchedCount() {
      return live.size;
    },
  };
}
