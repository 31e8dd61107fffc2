/** Redaction at the sinks: whatever leaves the process as text goes through here (docs/ASSURANCE.md, S11). */
import { createLiveSecrets, type LiveSecrets } from "./live-secrets.ts";
import { replaceSecretShapes } from "./secret-shapes.ts";

export interface Redactor extends Pick<LiveSecrets, "scope" | "current" | "together"> {
  /** To be called when a secret has been read; the returned function when it is not used any more. Outside of any scope: for every text. */
  watch(secretText: string, label?: string): () => void;
  /** Live secrets by value, all others by their shape. Never throws. */
  redact(text: string): string;
  /** A copy with every string redacted, of what JSON can show; deeper than 10 levels and circular parts are named instead. */
  redactDeep(value: unknown): unknown;
  /** Secrets watched now. */
  readonly watchedCount: number;
}

const DEEPEST = 10;
/** Fields whose values are secrets whatever they look like. */
const secretFields =
  /^(?:authorization|proxy-authorization|cookie|set-cookie|password|passphrase|token|private_?key|webhook-?url|ssh-privatekey|github-token|\.dockerconfigjson)$/i;

export function createRedactor(): Redactor {
  const live = createLiveSecrets();

  function redact(text: string): string {
    return replaceSecretShapes(live.replace(text));
  }

  function copy(value: unknown, above: readonly object[]): unknown {
    if (typeof value === "string") return redact(value);
    if (typeof value !== "object" || value === null) return value;
    if (above.includes(value)) return "[circular]";
    if (above.length >= DEEPEST) return "[too deep]";
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    const within = [...above, value];
    if (Array.isArray(value)) return value.map((item) => copy(item, within));
    if (value instanceof Date) return value;
    return Object.fromEntries(
      fieldsOf(value).map(([field, content]) => {
        const isSecret = typeof content === "string" && content !== "" && secretFields.test(field);
        return [redact(field), isSecret ? "[redacted]" : copy(content, within)];
      }),
    );
  }

  return {
    ...{ scope: live.scope, current: live.current, together: live.together },
    watch: (secretText, label = "secret") => live.watch(secretText, label),
    redact,
    redactDeep(value) {
      try {
        return copy(value, []);
      } catch {
        return "[unreadable]";
      }
    },
    get watchedCount() {
      return live.size;
    },
  };
}

/** An error's own words are not enumerable. */
function fieldsOf(value: object): [string, unknown][] {
  if (!(value instanceof Error)) return Object.entries(value);
  const { name, message, stack, cause } = value;
  return Object.entries({ ...value, type: name, message, stack, ...(cause === undefined ? {} : { cause }) });
}
