import { askFor } from "./adapters/egress/asker.ts";
import { createSshSigner } from "./adapters/ssh/ssh-signature.ts";
import type { Outside } from "./connect-outside.ts";
import type { ManifestsBranch } from "./core/git-ports.ts";
import type { Outcome } from "./core/outcome.ts";
import type { Log } from "./core/ports.ts";
import { type ReconcilePorts, reconcile } from "./core/reconcile.ts";
import type { RunFound } from "./core/reports/report-stages.ts";
import type { BackOff } from "./core/runs/back-off.ts";
import type { createFindings } from "./core/runs/findings.ts";
import type { ReconcilerOptions } from "./core/runs/reconciler.ts";
import { logFields, type Target } from "./core/types.ts";
import { ReconcileError } from "./errors.ts";
import type { Redactor } from "./telemetry/redact.ts";

/** What is told on the application's commits. */
interface RunReports {
  ended(target: Target, found: RunFound, outcome: Outcome): void;
  awaiting(target: Target, found: RunFound): void;
}

interface RunWorkOptions extends Pick<ReconcilePorts, "git" | "places" | "gate" | "identity" | "allowedRepositories"> {
  readonly backOff: BackOff;
  readonly secretsFor: Outside["secretsFor"];
  readonly findings: Pick<ReturnType<typeof createFindings>, "branchesFound" | "buildTokenRead" | "commitFound" | "imageRead">;
  readonly onManifests: (target: Target, at: ManifestsBranch, head: string) => void;
  readonly onBuild: (target: Target, sha: string, text: string) => void;
  readonly reports: RunReports;
  readonly redactor: Redactor;
  readonly log: Log;
}

/** What a run does: in its namespace's share, with secrets of its own that are let go at its end. */
export function createRunWork({
  secretsFor,
  findings,
  onManifests,
  onBuild,
  reports,
  redactor,
  log,
  ...ports
}: RunWorkOptions): ReconcilerOptions["work"] {
  const work: ReconcilerOptions["work"] = async (target, seat, progress) => {
    const fields = { ...logFields(target), reconcile_id: progress.id, cause: progress.cause };
    using releases = new DisposableStack();
    const found: RunFound = {};
    const outcome = await reconcile(target, seat, progress, {
      ...ports,
      createSigner: createSshSigner,
      ...secretsFor(target, releases),
      onBranches: (found) => findings.branchesFound(target, found),
      onBuildToken: (problem) => findings.buildTokenRead(target, problem),
      onImage: (found) => findings.imageRead(target, found),
      onManifests: (at, head) => onManifests(target, at, head),
      onCommit({ tip, origin }, isOpened) {
        if (isOpened) found.tip = { ...tip, origin };
        else found.isUnopened = true;
        findings.commitFound(target, { sha: tip.sha, ...tip.summary });
      },
      onVerdict(verdict) {
        found.verdict = verdict;
      },
      onBuild(sha, text) {
        onBuild(target, sha, text);
        reports.awaiting(target, found);
      },
      warn: (message, error) => log.warn({ ...fields, error: (error as Error).message }, message),
    });
    // While its secrets are known: what is shown later can be redacted by shape only.
    const redacted = redactOutcome(outcome, redactor);
    ports.backOff.ended(target, redacted);
    reports.ended(target, found, redacted);
    return redacted;
  };
  return (target, seat, progress) => askFor(target.namespace, () => redactor.scope(() => work(target, seat, progress)));
}

function redactOutcome(outcome: Outcome, { redact }: Redactor): Outcome {
  if (outcome.kind === "waiting") return { ...outcome, step: redact(outcome.step) };
  if (outcome.kind !== "failed") return outcome;
  const { code, message, cause } = outcome.error;
  return { ...outcome, error: new ReconcileError(code, redact(message), { cause }) };
}
