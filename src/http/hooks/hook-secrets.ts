import type { SecretRef } from "../../core/types.ts";
import { type ErrorCode, ReconcileError } from "../../errors.ts";
import type { HookSecret } from "./proof.ts";

/** Reads both fields; undefined for one that is not there. Rejects where neither is, or the Secret is not there or can't be read. */
export type ReadHookSecret = (ref: SecretRef) => Promise<HookSecret>;

/** So long a Secret that was read proves further events: a storm of them reads it once in this time. A rotated one counts after it. */
const KEPT_MS = 5_000;
const MOST_KEPT = 256;
const ABSENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["secret_missing", "secret_field_missing", "secret_forbidden"]);

/** `nobody`: it is not there or may not be read; what an event of it is told is what a wrong signature is told. */
export function createHookSecrets(read: ReadHookSecret, nobody: HookSecret, onProblem: (ref: SecretRef, error: Error) => void) {
  const kept = new Map<string, Promise<HookSecret>>();

  async function readOrNobody(ref: SecretRef): Promise<HookSecret> {
    try {
      return await read(ref);
    } catch (error) {
      onProblem(ref, error as Error);
      if (!(error instanceof ReconcileError && ABSENT.has(error.code))) throw error;
      return nobody;
    }
  }

  return (ref: SecretRef): Promise<HookSecret> => {
    const key = `${ref.namespace}/${ref.name}`;
    const known = kept.get(key);
    if (known) return known;
    const answer = readOrNobody(ref);
    if (kept.size < MOST_KEPT) {
      kept.set(key, answer);
      const forget = () => setTimeout(() => kept.delete(key), KEPT_MS).unref();
      answer.then(forget, forget);
    }
    return answer;
  };
}
