import type { Candidate, TipCandidate } from "../app-history.ts";
import type { GateVerdict } from "../images/image-gate.ts";
import type { Outcome } from "../outcome.ts";
import type { ReportStage } from "./report-state.ts";

/** What a run found on its way. */
export interface RunFound {
  /** Undefined: it did not come so far, or no key of the Deployment's has shown it. */
  tip?: TipCandidate & { readonly origin: string };
  verdict?: GateVerdict;
  /** The commit was read without a key. */
  isUnopened?: true;
}

/** It did. */
type CommitFound = RunFound & { readonly tip: NonNullable<RunFound["tip"]> };

export type CommitStage = readonly [commit: Pick<Candidate, "sha" | "tag">, stage: ReportStage];

/** What a run that has ended says of the commits that it looked at. `troubleRuns`: how many have failed in a row, this one among them. */
export function stagesOf({ tip, verdict }: CommitFound, outcome: Outcome, troubleRuns: number, graceMs: number): readonly CommitStage[] {
  const candidate = verdict?.kind === "found" || verdict?.kind === "unchecked" ? verdict.candidate : tip;
  const behind = candidate.sha === tip.sha ? [] : [[tip, stageOfTip(verdict, graceMs)] as const];
  switch (outcome.kind) {
    case "patched":
      return [[candidate, { kind: "pushed", commit: outcome.commit, toRunMs: undefined }], ...behind];
    case "up_to_date":
      if (verdict?.kind === "stands") return [[tip, stageOfTip(verdict, graceMs)]];
      if (outcome.to !== candidate.tag) return [];
      return [[candidate, { kind: "pushed", commit: undefined, toRunMs: undefined }], ...behind];
    case "proposed":
      return [[candidate, { kind: "proposed", number: outcome.request?.number }], ...behind];
    case "skipped": {
      const { reason } = outcome;
      if (reason === "paused") return [];
      return [[candidate, { kind: "left", why: reason }], ...(reason === "held" || reason === "declined" ? behind : [])];
    }
    case "waiting":
      return verdict?.kind === "waiting" ? [[tip, { kind: "awaited" }]] : [];
    case "failed":
      return stageOfFailure(outcome, troubleRuns, graceMs).map((stage) => [candidate, stage] as const);
  }
}

/** Whether that is a failure of ours, of a registry or of somebody's settings: one that says nothing of the image. */
export function isTrouble(outcome: Outcome): boolean {
  return outcome.kind === "failed" && !["build_failed", "image_missing", "shutdown", "superseded"].includes(outcome.error.code);
}

function stageOfFailure(outcome: Extract<Outcome, { kind: "failed" }>, troubleRuns: number, graceMs: number): readonly ReportStage[] {
  const { code, message } = outcome.error;
  if (code === "build_failed") return [{ kind: "build failed" }];
  if (code === "image_missing") return [{ kind: "no image", graceMs }];
  return isTrouble(outcome) ? [{ kind: "trouble", message, runs: troubleRuns }] : [];
}

/** Of the newest commit where an older one goes out, or stays. */
function stageOfTip(verdict: GateVerdict | undefined, graceMs: number): ReportStage {
  if (verdict?.kind === "stands") return { kind: "no image", graceMs };
  if (verdict?.kind === "found" && verdict.isBuildFailed) return { kind: "build failed" };
  return verdict?.kind === "found" && verdict.isOverdue ? { kind: "no image", graceMs } : { kind: "awaited" };
}
