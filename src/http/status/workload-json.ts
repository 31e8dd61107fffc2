/** The page of one workload as JSON. Null is what is not known, or kept by `RECONCILE_TOKEN`. */
import { historyJson } from "../rows/history-json.ts";
import type { PageFacts } from "../rows/page-facts.ts";
import type { WorkloadFacts } from "../rows/workload-facts.ts";
import { rowJson } from "./status-json.ts";

/** The facts have been redacted. */
export function workloadJson(workload: WorkloadFacts, { githubHost, operator }: Pick<PageFacts, "githubHost" | "operator">): object {
  const { kind, namespace, name, row, problems, replicas, commit, changes, understood } = workload;
  return {
    ...(row ? rowJson(row, githubHost) : { kind, namespace, name, state: "incomplete", problems }),
    replicas: replicas ?? null,
    app_subject: commit?.subject ?? null,
    app_author: commit?.author ?? null,
    app_time: commit?.time ?? null,
    next_pass_at: operator.nextPassAt() ?? null,
    changes: changes?.map(historyJson) ?? null,
    annotations: Object.fromEntries(understood.set.map(({ name, value, from }) => [name, { value, from }])),
  };
}
