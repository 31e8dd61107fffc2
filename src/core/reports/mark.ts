import type { Outcome } from "../outcome.ts";
import type { Posted, Report, ReportForm, ReportPlace } from "../ports.ts";
import { isDeployment, type ReportSettings, type Target, type Workload, workloadOf } from "../types.ts";
import type { CommitStage } from "./report-stages.ts";
import { hasRun, isAsGood, isSettled, type ReportStage } from "./report-state.ts";

/** What is needed of a target once its run has ended. */
export type ReportTarget = Pick<Target, keyof Workload | "appRepository" | "manifestRepository" | "image" | "buildToken"> & {
  readonly report: ReportSettings;
};

/** One commit, as one Deployment sees it. */
export interface Mark {
  /** Of the run that read the commit last. */
  target: ReportTarget;
  readonly sha: string;
  readonly tag: string;
  readonly ref: ReportPlace["ref"];
  stage: ReportStage;
  /** In the clock's milliseconds, here and below; undefined: before the start. */
  pushedAt: number | undefined;
  /** Undefined: nothing yet. */
  wanted: Report | undefined;
  /** What stands there, as far as it was looked at. */
  readonly forms: Map<ReportForm, { posted: Posted | undefined; posts: number }>;
  isQueued: boolean;
  /** Tries in a row that nobody answered. */
  failures: number;
  /** Until then it is not tried again. */
  refusedUntil: number;
}

type LeftWhy = Extract<ReportStage, { kind: "left" }>["why"];

const MOST_POSTS = 20;

export function newMark(target: ReportTarget, [{ sha, tag }, stage]: CommitStage, ref: ReportPlace["ref"]): Mark {
  return {
    ...{ target, sha, tag, ref, stage, pushedAt: undefined, wanted: undefined },
    ...{ forms: new Map(), isQueued: false, failures: 0, refusedUntil: 0 },
  };
}

/** `now`: in the clock's milliseconds. */
export function setStage(mark: Mark, stage: ReportStage, now: number): void {
  const isPushed = mark.stage.kind === "pushed";
  // What runs does so whatever is the matter with later passes.
  if (isPushed && (stage.kind === "trouble" || (stage.kind === "pushed" && stage.commit === undefined))) return;
  if (stage.kind === "pushed" && stage.commit !== undefined) mark.pushedAt = now;
  if (isForGood(stage)) leave(mark, stage.why);
  else mark.stage = stage;
}

/** It was left, and not by people who may still change their minds. */
function isForGood(stage: ReportStage): stage is Extract<ReportStage, { kind: "left" }> {
  return stage.kind === "left" && stage.why !== "held" && stage.why !== "declined";
}

/** The last word, where there is none yet that stays true. */
export function leave(mark: Mark, why: LeftWhy): void {
  if (!mark.wanted || !isSettled(mark.wanted)) mark.stage = { kind: "left", why };
}

/** Another commit is wanted now, and it is not what the manifests still name. */
export function isSuperseded({ sha, tag, stage }: Mark, tip: string, stages: readonly CommitStage[], outcome: Outcome): boolean {
  if (sha === tip || stages.some(([one]) => one.sha === sha)) return false;
  if (stage.kind !== "pushed") return true;
  return (outcome.kind === "patched" || outcome.kind === "up_to_date") && outcome.to !== tag;
}

/** What stands there and is not right, or was not looked at yet. */
export function formsToPost({ target, forms, wanted, stage }: Mark): readonly ReportForm[] {
  if (!wanted) return [];
  return target.report.forms.filter((form) => {
    const known = forms.get(form);
    if (!known) return true;
    if (known.posts >= MOST_POSTS) return false;
    // A last word replaces another that is not true any more, and is none by itself.
    if (isForGood(stage)) return known.posted !== undefined && !isSettled(known.posted);
    return !known.posted || !isAsGood(known.posted, wanted);
  });
}

/** The cluster may have news of it. */
export function isRollingOut({ target, stage, wanted }: Mark): boolean {
  return isDeployment(target) && stage.kind === "pushed" && !(wanted && hasRun(wanted));
}

export function placeOf(
  { target, sha, ref }: Mark,
  form: ReportForm,
  cluster: string | undefined,
  publicUrl: string | undefined,
): ReportPlace {
  const { environment, environmentUrl } = target.report;
  return {
    ...{ form, repository: target.appRepository, sha, ref, environment, environmentUrl },
    context: contextOf(target, cluster),
    url: publicUrl === undefined ? undefined : `${publicUrl}/status`,
  };
}

/** By this a commit's status is known, of whichever cluster and kind it is. */
function contextOf(workload: Workload, cluster: string | undefined): string {
  const { kind, namespace, name } = workload;
  const parts = ["gitops-operator", ...(cluster === undefined ? [] : [cluster]), namespace];
  return [...parts, ...(isDeployment(workload) ? [] : [kind]), name].join("/");
}

/** Undefined: nothing is to be told. */
export function reportTarget(target: Target): ReportTarget | undefined {
  const { appRepository, manifestRepository, image, buildToken, report } = target;
  return buildToken && report && { ...workloadOf(target), appRepository, manifestRepository, image, buildToken, report };
}
