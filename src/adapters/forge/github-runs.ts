/** What GitHub's list of workflow runs says of one commit. */
import { z } from "zod";
import { parseJson } from "../../text/parse-json.ts";

/** GitHub's pages have a hundred. More are no such list, and are not looked at one by one. */
const MOST_RUNS = 1_000;

const run = z.object({ head_sha: z.string(), status: z.string().nullish(), conclusion: z.string().nullish() });
const schema = z.object({
  workflow_runs: z.custom<unknown[]>((runs) => Array.isArray(runs) && runs.length <= MOST_RUNS).pipe(z.array(run)),
});

export type WorkflowRun = z.infer<typeof schema>["workflow_runs"][number];

/** Undefined: not JSON, or no list of runs. */
export function parseRuns(text: string): readonly WorkflowRun[] | undefined {
  return schema.safeParse(parseJson(text)).data?.workflow_runs;
}

/** Ends of a run that built nothing and will not. A run that waits for somebody's approval (`action_required`) has not failed. */
const failures = new Set(["failure", "timed_out", "cancelled", "startup_failure"]);

/** Such a run was never meant to do anything for this commit. */
const noRuns = new Set(["skipped", "stale"]);

/** Of all workflows together, as nothing says which of them builds the image: it may come as long as one goes on. */
export function decideBuildState(runs: readonly WorkflowRun[]): "queued" | "running" | "failed" | "completed" | "none" {
  if (runs.length === 0) return "none";
  // Whatever GitHub may add to `queued`, `waiting`, `pending` and `requested` has not ended.
  const goingOn = runs.filter(({ status }) => status !== "completed");
  if (goingOn.some(({ status }) => status === "in_progress")) return "running";
  if (goingOn.length > 0) return "queued";
  const ended = runs.filter(({ conclusion }) => !noRuns.has(conclusion ?? ""));
  return ended.length > 0 && ended.every(({ conclusion }) => failures.has(conclusion ?? "")) ? "failed" : "completed";
}
