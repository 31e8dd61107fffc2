/** What the pages are made of, beside the rows. */
import type { Log } from "../../core/ports.ts";
import type { OperatorFacts } from "./operator-facts.ts";
import type { StatusQuery } from "./status-query.ts";
import type { ShowRows } from "./status-rows.ts";
import type { WorkloadKnown } from "./workload-facts.ts";

/** All that is known, at any time. */
export interface StatusKnown extends WorkloadKnown {
  readonly workloads: WorkloadKnown["workloads"] & { readonly synced: boolean };
  readonly githubHost: string;
  readonly operator: OperatorFacts;
  readonly redact: (text: string) => string;
  readonly log: Pick<Log, "error">;
}

/** When one is made. */
export interface PageFacts extends ShowRows {
  readonly now: Date;
  readonly githubHost: string;
  /** Whether the API server has given its Deployments. */
  readonly isSynced: boolean;
  readonly operator: OperatorFacts;
  readonly query: StatusQuery;
}
