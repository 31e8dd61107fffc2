/** What an application's commit says of itself at its forge: made of nothing but what is known now, so that a restart comes to the same words. */
import { cut } from "../../text/cut.ts";
import { escapeControl } from "../../text/escape.ts";
import { formatImage } from "../image.ts";
import type { Posted, Report } from "../ports.ts";
import { type ImageName, isDeployment, type Rollout, type Workload } from "../types.ts";

/** What the last run that looked at the commit found, or why the commit is looked at no more. */
export type ReportStage =
  | { readonly kind: "awaited" }
  | { readonly kind: "build failed" }
  | { readonly kind: "no image"; readonly graceMs: number }
  /** `message`: of the last failure; `runs`: so many in a row that ended without a word about the image. */
  | { readonly kind: "trouble"; readonly message: string; readonly runs: number }
  /** The manifests name its tag. What is undefined was before the start. */
  | { readonly kind: "pushed"; readonly commit: string | undefined; readonly toRunMs: number | undefined }
  /** For people to merge; the number of their request, where there is one. */
  | { readonly kind: "proposed"; readonly number: number | undefined }
  | { readonly kind: "left"; readonly why: "held" | "declined" | "disabled" | "deleted" | { readonly supersededBy: string } };

export interface ReportFacts {
  readonly workload: Workload;
  readonly image: ImageName;
  readonly tag: string;
  /** CLUSTER_NAME, else the namespace. */
  readonly cluster: string;
  readonly stage: ReportStage;
  /** Of the Deployment once its template has the tag, and how many Pods it wants; undefined before. */
  readonly rollout: { readonly state: Rollout | undefined; readonly replicas: number } | undefined;
}

/** The shortest that a forge takes (GitHub). */
const MOST_CHARACTERS = 140;
const TROUBLE_RUNS = 3;

/** Undefined: nothing worth a word yet, so what stands there stays. */
export function reportOf({ workload, image, tag, cluster, stage, rollout }: ReportFacts): Report | undefined {
  switch (stage.kind) {
    case "awaited":
      return report("pending", "pending", `waiting for the image ${formatImage(image)}:${shortTag(tag)}`);
    case "build failed":
      return report("failure", "failure", "not deployed: the build failed");
    case "no image":
      return report("failure", "failure", `not deployed: no image after ${inWords(stage.graceMs)}`);
    case "trouble":
      return stage.runs < TROUBLE_RUNS ? undefined : report("error", "error", firstSentence(stage.message));
    case "pushed":
      return reportOfPushed(workload, cluster, stage, rollout);
    case "proposed":
      return report("pending", "queued", stage.number === undefined ? "proposed, waiting for people" : `proposed in #${stage.number}`);
    case "left":
      return report("success", "inactive", `not deployed here: ${whyLeft(stage.why)}`);
  }
}

/** Whether it says what became of the commit, which no later commit and no end of the Deployment changes. */
export function isSettled({ state }: Posted): boolean {
  return state === "failure" || state === "success";
}

/** Its Pods have run. */
export function hasRun({ text }: Posted): boolean {
  return isOfRun(text);
}

/** Whether what was posted is as good as the words that are wanted: it may say what was only known before a restart. */
export function isAsGood(posted: Posted, wanted: Report): boolean {
  if (!isSameState(posted.state, wanted.state)) return isOfRun(posted.text) && isOfWait(wanted.text);
  if (posted.text === undefined || posted.text === wanted.text) return true;
  // Pods that came or went since are no news.
  if (isOfRun(posted.text)) return isOfRun(wanted.text);
  return wanted.text === "in manifests, waiting for the rollout" && isOfWait(posted.text);
}

function reportOfPushed(
  workload: Workload,
  cluster: string,
  { commit, toRunMs }: Extract<ReportStage, { kind: "pushed" }>,
  rollout: ReportFacts["rollout"],
): Report {
  const pushed = `in manifests${commit === undefined ? "" : ` as ${commit.slice(0, 7)}`}`;
  // What becomes of another kind nobody tells us.
  if (!isDeployment(workload)) return report("success", "success", pushed);
  const { state, replicas } = rollout ?? {};
  if (state === "stuck") {
    return report("failure", "failure", `rollout failed: ProgressDeadlineExceeded; see kubectl describe deployment ${workload.name}`);
  }
  if (state === "done" || state === "none") {
    const since = toRunMs === undefined ? "" : `, ${Math.max(0, Math.round(toRunMs / 1_000))} s after the push`;
    const ready = `: ${replicas} of ${replicas} ready${since}`;
    return report("success", "success", `runs in ${cut(cluster, MOST_CHARACTERS - 8 - ready.length)}${ready}`);
  }
  return report("pending", "in_progress", `${pushed}, waiting for the rollout`);
}

function whyLeft(why: Extract<ReportStage, { kind: "left" }>["why"]): string {
  return typeof why === "string" ? why : `superseded by ${why.supersededBy.slice(0, 7)}`;
}

function report(state: Report["state"], deployment: Report["deployment"], text: string): Report {
  return { state, deployment, text: cut(text, MOST_CHARACTERS) };
}

/** A commit's whole SHA as people write it. */
function shortTag(tag: string): string {
  return /^[0-9a-f]{40}$/.test(tag) ? tag.slice(0, 7) : tag;
}

function inWords(ms: number): string {
  return ms > 0 && ms % 60_000 === 0 ? `${ms / 60_000} min` : `${Math.round(ms / 1_000)} s`;
}

/** Ours end with `; ` and what to do. */
function firstSentence(message: string): string {
  const line = escapeControl(message.slice(0, 2 * MOST_CHARACTERS)).replace(/^:[a-z_]+: /, "");
  const end = line.search(/; |\. /);
  return end < 0 ? line : line.slice(0, end);
}

function isSameState(a: Report["state"], b: Report["state"]): boolean {
  // Not all forges tell failure and error apart.
  const whole = (state: Report["state"]) => (state === "error" ? "failure" : state);
  return whole(a) === whole(b);
}

function isOfRun(text: string | undefined): boolean {
  return text?.startsWith("runs in ") ?? false;
}

function isOfWait(text: string | undefined): boolean {
  return text?.startsWith("in manifests") === true && text.endsWith(", waiting for the rollout");
}
