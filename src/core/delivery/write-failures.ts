/** What is said of a tag that could not be written, to a branch or to a proposal. */
import { inStep, ReconcileError } from "../../errors.ts";
import { filesInWords } from "../file-patterns.ts";
import type { ManifestsBranch } from "../git-ports.ts";
import type { Outcome } from "../outcome.ts";
import type { FilesEdit } from "../places/edit-files.ts";
import { formatRepository } from "../repository.ts";
import { inWords, isDeployment, type Target } from "../types.ts";
import { pushRemedy } from "./push-refusal.ts";
import type { WriteRequest } from "./write-request.ts";

/** How often a push is tried while others push to the same branch first. */
export const TRIES = 5;

export function failed(step: string, { tag }: WriteRequest, error: unknown): Outcome {
  return { kind: "failed", error: inStep(step, error), to: tag };
}

/** The steps' names, as they stand in front of their failures (contract §5). */
export function patchStep(target: Target, tag: string): string {
  return `Failed to patch ${isDeployment(target) ? `deployment ${target.name}` : inWords(target)} to version ${tag}`;
}

/** Somebody may have pinned the image after the registry was asked without need of a digest. */
export function requireDigest(edit: FilesEdit, { target, isChecked, digest }: WriteRequest): void {
  if (edit.kind === "up_to_date" || !edit.isPinned || !isChecked || digest !== undefined) return;
  throw new ReconcileError(
    "git_push_raced",
    `${filesInWords(target.files)} has come to pin a digest while the image was looked for without one; the next pass asks for the digest`,
  );
}

export function commitStep(target: Target, tag: string): string {
  return `Failed to commit changes for ${isDeployment(target) ? target.name : inWords(target)} (version ${tag})`;
}

/** `at`: the branch that was to be moved. */
export function racedFailure(at: ManifestsBranch, reason: string | undefined): ReconcileError {
  const name = `${formatRepository(at.repository)}, branch '${at.branch}'`;
  const said = reason === undefined ? "" : ` (it said: ${reason})`;
  return new ReconcileError("git_push_raced", `others pushed to ${name} first, ${TRIES} times in a row${said}; the next pass tries again`);
}

export function refusedFailure(at: ManifestsBranch, reason: string): ReconcileError {
  const message = `${formatRepository(at.repository)} refused the push to '${at.branch}': ${reason}; ${pushRemedy(reason, at.key.kind)}`;
  return new ReconcileError("git_push_refused", message);
}
