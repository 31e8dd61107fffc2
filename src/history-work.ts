import { setImmediate as nextTurn } from "node:timers/promises";
import { askFor } from "./adapters/egress/asker.ts";
import type { Outside } from "./connect-outside.ts";
import type { Identity } from "./core/app-history.ts";
import { branchId } from "./core/branch-id.ts";
import type { Workloads } from "./core/cluster-ports.ts";
import type { Git, ManifestsBranch } from "./core/git-ports.ts";
import { createBranchHistories } from "./core/history/branch-histories.ts";
import { createHistoryLooks } from "./core/history/history-looks.ts";
import { isShut } from "./core/history/is-shut.ts";
import type { Result } from "./core/outcome.ts";
import type { Log, Places } from "./core/ports.ts";
import { formatRepository } from "./core/repository.ts";
import type { createFindings } from "./core/runs/findings.ts";
import { type AllowedRepositories, requireAllowed } from "./core/targets/allowed-repositories.ts";
import { readBranches } from "./core/targets/read-branches.ts";
import type { Parsed, Target, WorkloadRecord } from "./core/types.ts";
import { asReconcileError } from "./errors.ts";
import { createBoundedMap } from "./sharing/bounded-map.ts";
import type { Redactor } from "./telemetry/redact.ts";

interface HistoryWorkOptions {
  readonly identity: Identity;
  readonly places: Places;
  readonly git: Git;
  readonly workloads: Pick<Workloads, "list">;
  readonly parse: (record: WorkloadRecord) => Parsed;
  readonly findings: Pick<ReturnType<typeof createFindings>, "branchesOf">;
  readonly allowedRepositories: AllowedRepositories | undefined;
  readonly secretsFor: Outside["secretsFor"];
  readonly redactor: Redactor;
  readonly stopping: AbortSignal;
  readonly log: Log;
}

const MOST_TOLD_BYTES = 64 * 1024;

/**
 * Looks behind the newest commits of manifests branches that have moved: after the answers of the runs that saw it, with a key that is read for it. What can't be had is told once and fails nothing.
 */
export function createHistoryWork(options: HistoryWorkOptions) {
  const { git, workloads, parse, findings, allowedRepositories, secretsFor, redactor, stopping, log } = options;
  const histories = createBranchHistories({ identity: options.identity, places: options.places, breathe: () => nextTurn() });
  const told = createBoundedMap<string>(MOST_TOLD_BYTES, (reason) => 2 * reason.length);
  const lookSoon = createHistoryLooks<Target>({
    look: (branch, target, signal) => askFor(target.namespace, () => redactor.scope(() => look(branch, target, signal))),
    stopping,
  });

  async function look(branch: string, target: Target, signal: AbortSignal): Promise<void> {
    using releases = new DisposableStack();
    const { namespace, manifestRepository: repository } = target;
    const tell = (reason: string) => {
      if (told.get(branch) === reason) return;
      told.set(branch, reason, namespace);
      log.warn(
        { repository: formatRepository(repository), reason: redactor.redact(reason) },
        "History of the manifests is not known in full",
      );
    };
    const tellLate = () => !stopping.aborted && tell(asReconcileError(signal.reason).message);
    signal.addEventListener("abort", tellLate, { once: true });
    try {
      signal.throwIfAborted();
      requireAllowed(allowedRepositories, target);
      const { manifests } = await readBranches(target, secretsFor(target, releases));
      const name = manifests.branch ?? findings.branchesOf(target)?.manifests;
      if (name === undefined) return;
      const at = { ...manifests, branch: name };
      // With another key it is another branch's history; the next run reads it.
      if (branchId(at) !== branch) return;
      const reason = await git.withManifests(at, (copy) =>
        histories.learn({ branch, namespace, copy, targets: targetsOf(branch, target), signal }),
      );
      if (reason !== undefined) tell(reason);
    } catch (error) {
      if (!signal.aborted) tell(asReconcileError(error).message);
    } finally {
      signal.removeEventListener("abort", tellLate);
    }
  }

  /** All that name the same branch by the same Secret; that one of them may not use it is seen by its own run. */
  function targetsOf(branch: string, { manifestRepository, manifestBranch, manifestKey }: Target): Target[] {
    const wanted = JSON.stringify([manifestRepository, manifestBranch, manifestKey]);
    return workloads.list().flatMap((record) => {
      const parsed = parse(record);
      if (parsed.kind !== "ready") return [];
      const { target } = parsed;
      const isSame = JSON.stringify([target.manifestRepository, target.manifestBranch, target.manifestKey]) === wanted;
      return isSame || histories.branchOf(target) === branch ? [target] : [];
    });
  }

  return {
    of: histories.of,
    /** A run has seen that branch at that commit. */
    met: (target: Target, at: ManifestsBranch, head: string): void => histories.met(target, branchId(at), head),
    /** After the run that came to that. */
    ended({ outcome, ...workload }: Result, target: Target | undefined): void {
      if (isShut(outcome)) histories.forget(workload);
      if (!target || stopping.aborted || !histories.isBehind(target, outcome.kind === "patched" ? outcome.commit : undefined)) return;
      const branch = histories.branchOf(target);
      if (branch === undefined) return;
      lookSoon(branch, target);
    },
  };
}
