import type { SecretRef } from "../../core/types.ts";
import { type ErrorCode, ReconcileError } from "../../errors.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { createFreshest } from "../../sharing/freshest.ts";
import type { HookSecret } from "./proof.ts";

/** Reads both fields; undefined for one that is not there. Rejects where neither is, or the Secret is not there or can't be read. */
export type ReadHookSecret = (ref: SecretRef) => Promise<HookSecret>;

/** So long a Secret that was read proves further events: a storm of them reads it once in this time. A rotated one counts after it. */
const KEPT_MS = 5_000;
/** Some thousand of ordinary length, and of the longest a few hundred. */
const MOST_KEPT_BYTES = 4 * 2 ** 20;
const MOST_TOLD_BYTES = 2 ** 20;
const ABSENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["secret_missing", "secret_field_missing", "secret_forbidden"]);

/**
 * `nobody`: it is not there or may not be read; what an event of it is told is what a wrong signature is told. What is wrong with a Secret is told
 * when it becomes so.
 */
export function createHookSecrets(read: ReadHookSecret, nobody: HookSecret, onProblem: (ref: SecretRef, error: Error) => void) {
  const kept = createFreshest<HookSecret>(MOST_KEPT_BYTES);
  const told = createBoundedMap<string>(MOST_TOLD_BYTES, (message) => 2 * message.length);

  async function readOrNobody(ref: SecretRef, key: string, share: string): Promise<HookSecret> {
    try {
      const found = await read(ref);
      told.delete(key);
      return found;
    } catch (cause) {
      const error = cause as Error;
      if (told.get(key) !== error.message) onProblem(ref, error);
      told.set(key, error.message, share);
      if (!(error instanceof ReconcileError && ABSENT.has(error.code))) throw error;
      return nobody;
    }
  }

  /** `share`: whose of what is kept it takes. */
  return (ref: SecretRef, share: string): Promise<HookSecret> => {
    const key = `${ref.namespace}/${ref.name}`;
    return kept.get(key, performance.now() - KEPT_MS, () => readOrNobody(ref, key, share), share);
  };
}
