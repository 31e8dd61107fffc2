/** What is remembered of each Deployment: its last result, and what it lacks; whoever wants to know is told once. */

import type { Outcome, Result } from "../outcome.ts";
import type { Log } from "../ports.ts";
import type { Cause } from "../progress.ts";
import { idOf, logFields, type Parsed, type Target, type Workload } from "../types.ts";
import { type LastResult, nextLastResult } from "./last-result.ts";
import type { Run } from "./run.ts";

export interface EndedRun {
  readonly target: Target;
  readonly id: string;
  readonly cause: Cause;
  readonly durationMs: number;
}

/** Whoever is told of results. One that throws is logged: the result stays as it is, and the next run comes. */
export interface Listeners {
  /** Told of every result, disabled and malformed ones too; those had no run. */
  readonly onEnd: (result: Result, run?: EndedRun) => void;
  /** Told of an incomplete Deployment when it became so, or its problems changed. */
  readonly onIncomplete: (workload: Workload, problems: readonly string[]) => void;
  readonly log: Log;
}

interface Results {
  last(workload: Workload): LastResult | undefined;
  end(workload: Workload, outcome: Outcome, run?: Run): Result;
  /** Tells what an incomplete Deployment lacks, once per change. */
  look(workload: Workload, parsed: Parsed): void;
  /** Drops what is remembered of Deployments that are gone. */
  retain(present: readonly Workload[]): void;
}

export function createResults({ onEnd, onIncomplete, log }: Listeners): Results {
  const results = new Map<string, LastResult>();
  const incomplete = new Map<string, string>();

  function tell(workload: Workload, listener: () => void): void {
    try {
      listener();
    } catch (error) {
      log.error({ ...logFields(workload), error: (error as Error).message }, "A result could not be told");
    }
  }

  return {
    last: (workload) => results.get(idOf(workload)),
    end(workload, outcome, run) {
      const result = { ...workload, outcome };
      results.set(idOf(workload), nextLastResult(results.get(idOf(workload)), result, new Date()));
      const ended = run && { target: run.target, id: run.id, cause: run.cause, durationMs: performance.now() - run.startedAt };
      tell(workload, () => onEnd(result, ended));
      return result;
    },
    look(workload, parsed) {
      const problems = parsed.kind === "incomplete" ? parsed.problems : [];
      if (problems.join("\n") === (incomplete.get(idOf(workload)) ?? "")) return;
      if (problems.length === 0) {
        incomplete.delete(idOf(workload));
        return;
      }
      incomplete.set(idOf(workload), problems.join("\n"));
      log.warn({ ...logFields(workload), problems }, `Annotations incomplete, ${workload.kind} not reconciled`);
      tell(workload, () => onIncomplete(workload, problems));
    },
    retain(present) {
      const ids = new Set(present.map(idOf));
      for (const memory of [results, incomplete]) for (const id of memory.keys()) if (!ids.has(id)) memory.delete(id);
    },
  };
}
