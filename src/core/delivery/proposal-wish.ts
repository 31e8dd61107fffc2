/** What is to be proposed, and what follows from it alone. */
import { ReconcileError } from "../../errors.ts";
import type { Written } from "../git-ports.ts";
import { formatImage } from "../image.ts";
import type { FilesEdit } from "../places/edit-files.ts";
import type { ProposalWords } from "../proposal-ports.ts";
import { type ProposalSettings, placeInWords } from "../types.ts";
import type { Asking } from "./proposal-requests.ts";
import type { WriteRequest } from "./write-request.ts";

/** Of a workload whose commits are proposed. */
export interface ProposalWish extends WriteRequest {
  readonly settings: ProposalSettings;
}

export type Update = Extract<FilesEdit, { kind: "update" }>;

/** Something is not as it was when it was looked at; with what there is to say if that goes on. */
export interface Moved {
  readonly kind: "moved";
  readonly failure: unknown;
}

/** Of both branches. */
export function placeIn({ at, settings }: ProposalWish): string {
  return JSON.stringify([at.repository, at.branch, settings.branch]);
}

/** Whether a commit, or a request, is about that very tag and commit of the application. */
export function isWantedOf(wish: ProposalWish): (written: Written) => boolean {
  const workload = placeInWords(wish.target);
  return (written) => written.workload === workload && written.image === imageOf(wish) && written.appCommit === wish.appCommit.sha;
}

export function imageOf({ target, tag }: ProposalWish): string {
  return `${formatImage(target.image)}:${tag}`;
}

export function changeOf({ isChecked }: ProposalWish, { from }: Update) {
  return { ...(from !== undefined && { from }), ...(!isChecked && ({ unchecked: true } as const)) };
}

/** The commit's message is what the request says. */
export function wordsOf(message: string, { labels, autoMerge }: ProposalSettings): ProposalWords {
  const [title = "", ...rest] = message.split("\n");
  return { title, description: rest.join("\n").trim(), labels, autoMerge };
}

/** Undefined: nobody can be asked. */
export function askingOf({ at, login, settings, signal }: ProposalWish): Asking | undefined {
  if (login === undefined || !settings.forge) return undefined;
  const place = { repository: at.repository, base: at.branch, head: settings.branch };
  return { place, login, forge: settings.forge, isDefault: settings.token?.isDefault === true, signal };
}

/** Where neither branch was named it is found out late. */
export function requireOtherBranch({ at, settings }: ProposalWish): void {
  if (settings.branch !== at.branch) return;
  throw new ReconcileError(
    "annotation_invalid",
    `gitops.operator.proposal_branch is the branch of the manifests itself ('${at.branch}'); write the name of another one`,
  );
}
