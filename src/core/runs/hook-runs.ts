import type { Log } from "../ports.ts";
import type { Cause } from "../progress.ts";
import { type Filter, idOf, type Target } from "../types.ts";
import type { Reconciler } from "./reconciler.ts";

interface HookRunsOptions {
  readonly ask: (filter: Filter, cause: Cause) => Promise<unknown>;
  readonly nudge: Reconciler["nudge"];
  readonly isAhead: Reconciler["isAhead"];
  readonly stopping: AbortSignal;
  readonly log: Log;
}

/** Events come in crowds, several of one push: the first starts a run at once, those that come after it has asked git one more behind it. */
const REST_MS = 1_000;
/** Each question costs a little for every workload that there is: the first is asked at once, and what comes within this time after it together. */
const GATHER_MS = 100;

/** Starts what events ask for, and wakes who waits. */
export function createHookRuns({ ask, nudge, isAhead, stopping, log }: HookRunsOptions) {
  /** Who had a run a moment ago: whether it was asked for again since. */
  const resting = new Map<string, boolean>();
  /** Who is asked for next. */
  const gathered = new Set<string>();
  let isGathering = false;

  function start(ids: readonly string[]): void {
    for (const id of ids) gathered.add(id);
    if (!isGathering) askForAll();
  }

  function askForAll(): void {
    const ids = [...gathered];
    gathered.clear();
    isGathering = ids.length > 0 && !stopping.aborted;
    if (!isGathering) return;
    setTimeout(askForAll, GATHER_MS).unref();
    for (const id of ids) resting.set(id, false);
    // What came in this turn is older than the pass, which begins when the turn ends.
    setImmediate(() => ids.forEach((id) => void (resting.has(id) && resting.set(id, false))));
    ask({ ids }, "hook").catch((error: Error) => {
      if (!stopping.aborted) log.error({ cause: "hook", error: error.message }, "Pass of an event failed");
    });
    setTimeout(() => {
      const again = ids.filter((id) => resting.get(id));
      for (const id of ids) resting.delete(id);
      start(again);
    }, REST_MS).unref();
  }

  return (targets: readonly Target[]): void => {
    for (const target of targets) {
      const id = idOf(target);
      nudge(id);
      if (resting.has(id) && !isAhead(target)) resting.set(id, true);
    }
    start(targets.map(idOf).filter((id) => !resting.has(id)));
  };
}
