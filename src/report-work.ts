import { askFor } from "./adapters/egress/asker.ts";
import type { Outside } from "./connect-outside.ts";
import type { Workloads } from "./core/cluster-ports.ts";
import type { Result } from "./core/outcome.ts";
import type { Clock, ForgeLogin, Log, Reports } from "./core/ports.ts";
import { createCommitReports } from "./core/reports/commit-reports.ts";
import type { ReportTarget } from "./core/reports/mark.ts";
import type { createFindings } from "./core/runs/findings.ts";
import { readForgeLogin } from "./core/targets/read-forge-login.ts";
import { logFields, type Workload } from "./core/types.ts";
import { ReconcileError } from "./errors.ts";
import type { Redactor } from "./telemetry/redact.ts";

interface ReportWorkOptions {
  readonly workloads: Pick<Workloads, "get">;
  readonly reports: Reports;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  readonly cluster: string | undefined;
  readonly publicUrl: string | undefined;
  readonly graceMs: number;
  readonly secretsFor: Outside["secretsFor"];
  readonly findings: Pick<ReturnType<typeof createFindings>, "reported" | "reportProblem">;
  readonly redactor: Redactor;
  readonly log: Log;
}

/** What is told on the application's commits: each exchange in its namespace's share, with the token that its Secret has then, and none afterwards. */
export function createReportWork({ secretsFor, findings, redactor, log, ...options }: ReportWorkOptions) {
  function withLogin<T>(target: ReportTarget, use: (login: ForgeLogin) => Promise<T>): Promise<T> {
    const work = async () => {
      const { buildToken } = target;
      if (!buildToken) throw new ReconcileError("internal", "no token is named");
      using releases = new DisposableStack();
      return await use(await readForgeLogin(buildToken, target.appRepository, target, secretsFor(target, releases)));
    };
    return askFor(target.namespace, () => redactor.scope(work));
  }

  function onProblem(workload: Workload, told: string | undefined): void {
    const problem = told === undefined ? undefined : redactor.redact(told);
    if (problem !== undefined && findings.reportProblem(workload) !== problem) {
      log.warn({ ...logFields(workload), problem }, "Nothing can be told on the application's commit");
    }
    findings.reported(workload, problem);
  }

  const reports = createCommitReports({ ...options, withLogin, onProblem });

  /** A mistake in what is told changes no result. */
  function guarded<Of extends readonly unknown[]>(tell: (...of: Of) => void): (...of: Of) => void {
    return (...of) => {
      try {
        tell(...of);
      } catch (error) {
        log.error({ error: (error as Error).message }, "The application's commit could not be told");
      }
    };
  }

  return {
    ended: guarded(reports.ended),
    awaiting: guarded(reports.awaiting),
    retain: guarded(reports.retain),
    /** Of a Deployment that had no run. */
    skipped: guarded((result: Result) => {
      if (result.outcome.kind === "skipped" && result.outcome.reason === "disabled") reports.disabled(result);
    }),
  };
}
