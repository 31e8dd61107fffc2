/** What is remembered of each Deployment: its last result, and what it lacks; whoever wants to know is told once. */
import type { Log } from "../ports.ts";
import type { Cause } from "../progress.ts";
import { idOf, logFields, type Outcome, type Parsed, type Result, type Target, type Workload, type WorkloadRecord } from "../types.ts";
import { type LastResult, nextLastResult } from "./last-result.ts";
import type { Run } from "./run.ts";

export interface EndedRun {
  readonly target: Target;
  readonly id: string;
  readonly cause: Cause;
  readonly durationMs: number;
}

/** What these do can't change a result, nor keep a Deployment from its next run. */
export interface Listeners {
  /** Told of every result, disabled and malformed ones too; those had no run. */
  readonly onEnd: (result: Result, run?: EndedRun) => void;
  /** Told of an incomplete Deployment when it became so, or its problems changed. */
  readonly onIncomplete: (name: Workload, problems: readonly string[]) => void;
  readonly log: Log;
}

interface Results {
  last(name: Workload): LastResult | undefined;
  end(name: Workload, outcome: Outcome, run?: Run): Result;
  /** Tells what an incomplete Deployment lacks, once per change. */
  look(name: Workload, parsed: Parsed): void;
  /** Drops what is remembered of Deployments that are gone. */
  retain(records: readonly WorkloadRecord[]): void;
}

export function createResults({ onEnd, onIncomplete, log }: Listeners): Results {
  const results = new Map<string, LastResult>();
  const incomplete = new Map<string, string>();

  function tell(name: Workload, listener: () => void): void {
    try {
      listener();
    } catch (error) {
      log.error({ ...logFields(name), error: (error as Error).message }, "A result could not be told");
    }
  }

  return {
    last: (name) => results.get(idOf(name)),
    end(name, outcome, run) {
      const result = { ...name, outcome };
      results.set(idOf(name), nextLastResult(results.get(idOf(name)), result, new Date()));
      const ended = run && { target: run.target, id: run.id, cause: run.cause, durationMs: performance.now() - run.startedAt };
      tell(name, () => onEnd(result, ended));
      return result;
    },
    look(name, parsed) {
      const problems = parsed.kind === "incomplete" ? parsed.problems : [];
      if (problems.join("\n") === (incomplete.get(idOf(name)) ?? "")) return;
      if (problems.length === 0) {
        incomplete.delete(idOf(name));
        return;
      }
      incomplete.set(idOf(name), problems.join("\n"));
      log.warn({ ...logFields(name), problems }, "Annotations incomplete, Deployment not reconciled");
      tell(name, () => onIncomplete(name, problems));
    },
    retain(records) {
      const ids = new Set(records.map(idOf));
      for (const memory of [results, incomplete]) for (const id of memory.keys()) if (!ids.has(id)) memory.delete(id);
    },
  };
}
