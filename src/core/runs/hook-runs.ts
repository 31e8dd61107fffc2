import type { Log } from "../ports.ts";
import type { Cause } from "../progress.ts";
import { type Filter, idOf, type Target } from "../types.ts";
import type { Reconciler } from "./pass.ts";

interface HookRunsOptions {
  readonly ask: (filter: Filter, cause: Cause) => Promise<unknown>;
  readonly nudge: Reconciler["nudge"];
  readonly isAhead: Reconciler["isAhead"];
  readonly stopping: AbortSignal;
  readonly log: Log;
  /** For tests: shorter. */
  readonly restMs?: number;
}

/** Events come in crowds, several of one push: the first starts a run at once, those that come after it has asked git one more behind it. */
const REST_MS = 1_000;

/** Starts what events ask for, and wakes who waits. */
export function createHookRuns({ ask, nudge, isAhead, stopping, log, restMs = REST_MS }: HookRunsOptions) {
  /** Who had a run a moment ago: whether it was asked for again since. */
  const resting = new Map<string, boolean>();

  function start(ids: readonly string[]): void {
    if (ids.length === 0 || stopping.aborted) return;
    for (const id of ids) resting.set(id, false);
    // What came in this turn is older than the pass, which begins when the turn ends.
    setImmediate(() => ids.forEach((id) => void (resting.has(id) && resting.set(id, false))));
    ask({ ids }, "hook").catch((error: Error) => {
      if (!stopping.aborted) log.error({ cause: "hook", error: error.message }, "Pass of an event failed");
    });
    const timer = setTimeout(() => {
      const again = ids.filter((id) => resting.get(id));
      for (const id of ids) resting.delete(id);
      start(again);
    }, restMs);
    timer.unref();
  }

  return (targets: readonly Target[]): void => {
    const ids = targets.map(idOf);
    for (const target of targets) {
      const id = idOf(target);
      nudge(id);
      if (resting.has(id) && !isAhead(target)) resting.set(id, true);
    }
    start(ids.filter((id) => !resting.has(id)));
  };
}
