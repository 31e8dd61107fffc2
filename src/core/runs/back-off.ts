/** A try that costs others, and failed, comes again ever later: a refused push holds up its branch, a repository that is too large is downloaded in vain, a file that costs too much takes a thread. */
import { type ErrorCode, ReconcileError } from "../../errors.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import type { Outcome } from "../outcome.ts";
import { isSameTarget } from "../targets/target.ts";
import { idOf, type Target } from "../types.ts";

export interface BackOff {
  /** How the last try failed, if that cost others. */
  lastFailure(target: Target): ErrorCode | undefined;
  /** What to answer instead of another try with the same annotations and tag; undefined: one that failed before there was a tag. */
  putOff(target: Target, tag: string | undefined): ReconcileError | undefined;
  /** Counts what failed, and forgets it once it went well. */
  ended(target: Target, outcome: Outcome): void;
}

const COSTLY: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["git_limit", "git_push_refused", "work_limit"]);
/** The second try is free: what was just mended is to work at once. */
const FIRST_MS = 10_000;
const MOST_MS = 600_000;
const MOST_BYTES = 4 * 2 ** 20;

interface Failure {
  readonly target: Target;
  /** Undefined: it failed before that was known. */
  readonly to: string | undefined;
  readonly error: ReconcileError;
  readonly times: number;
  readonly putOffUntil: number;
}

/** `now`: milliseconds, monotonic. */
export function createBackOff(now: () => number): BackOff {
  const failures = createBoundedMap<Failure>(MOST_BYTES, dataBytes);
  const find = (target: Target, to: string | undefined) => {
    const failure = failures.get(idOf(target));
    return failure && failure.to === to && isSameTarget(failure.target, target) ? failure : undefined;
  };
  return {
    lastFailure: (target) => failures.get(idOf(target))?.error.code,
    putOff(target, tag) {
      const failure = find(target, tag);
      if (!failure || failure.putOffUntil <= now()) return undefined;
      const { error, times, putOffUntil } = failure;
      const seconds = Math.ceil((putOffUntil - now()) / 1_000);
      const atOnce = tag === undefined ? "with other annotations" : "for another commit or other annotations";
      const when = `failed ${times} times, tried again in ${seconds} s, or at once ${atOnce}`;
      return new ReconcileError(error.code, `${error.message} (${when})`, { cause: error });
    },
    ended(target, outcome) {
      if (outcome.kind === "patched" || outcome.kind === "up_to_date" || outcome.kind === "proposed") failures.delete(idOf(target));
      if (outcome.kind !== "failed") return;
      const { error, to } = outcome;
      const before = find(target, to);
      // What is put off answers with the failure it repeats as its cause.
      const wasTried = before === undefined || error.cause !== before.error;
      if (!COSTLY.has(error.code) || !wasTried) return;
      const times = (before?.times ?? 0) + 1;
      const putOffMs = times === 1 ? 0 : Math.min(MOST_MS, FIRST_MS * 2 ** (times - 2));
      failures.set(idOf(target), { target, to, error, times, putOffUntil: now() + putOffMs }, target.namespace);
    },
  };
}
