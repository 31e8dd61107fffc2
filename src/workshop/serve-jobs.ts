import { parentPort } from "node:worker_threads";
import { ReconcileError } from "../errors.ts";
import { giveAway } from "./give-away.ts";

/** A job is a pure function of what it is given; it throws a ReconcileError for what is wrong with that. */
// biome-ignore lint/suspicious/noExplicitAny: each job has its own input, checked where it is called
type JobTable = Readonly<Record<string, (input: any) => unknown>>;

export interface Order {
  readonly job: string;
  readonly input: unknown;
}

export type Answer =
  | { readonly kind: "done"; readonly output: unknown }
  | { readonly kind: "refused"; readonly code: ReconcileError["code"]; readonly message: string }
  /** Unforeseen. */
  | { readonly kind: "threw"; readonly message: string };

/** What a thread of the workshop runs: one job after the other, as they are ordered. */
export function serveJobs(jobs: JobTable): void {
  parentPort?.on("message", async ({ job, input }: Order) => {
    const answer = await answerOf(jobs, job, input);
    const { value, buffers } = giveAway(answer);
    parentPort?.postMessage(value, buffers);
  });
}

async function answerOf(jobs: JobTable, job: string, input: unknown): Promise<Answer> {
  try {
    return { kind: "done", output: await jobs[job]?.(input) };
  } catch (error) {
    if (error instanceof ReconcileError) return { kind: "refused", code: error.code, message: error.message };
    return { kind: "threw", message: error instanceof Error ? error.message : String(error) };
  }
}
