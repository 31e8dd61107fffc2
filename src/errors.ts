/** Every way in which work on one Deployment can fail. The code is the log field and the metric label. */
export type ErrorCode =
  | "annotation_invalid"
  | "build_failed"
  | "build_unknown"
  | "cluster_stale"
  | "cluster_unsynced"
  | "credential_invalid"
  | "deadline"
  | "forge_refused"
  | "forge_unavailable"
  | "git_branch_missing"
  | "git_copy_damaged"
  | "git_denied"
  | "git_host_key"
  | "git_limit"
  | "git_no_commit"
  | "git_protocol"
  | "git_push_raced"
  | "git_push_refused"
  | "git_repository_missing"
  | "git_unreachable"
  | "image_missing"
  | "internal"
  | "manifest_invalid"
  | "manifest_missing"
  | "manifest_no_container"
  | "name_unknown"
  | "proposal_foreign"
  | "registry_denied"
  | "registry_limited"
  | "registry_unavailable"
  | "repository_denied"
  | "secret_denied"
  | "secret_field_missing"
  | "secret_forbidden"
  | "secret_limit"
  | "secret_missing"
  | "secret_unreadable"
  | "shutdown"
  | "ssh_key_invalid"
  | "superseded"
  | "work_dir"
  | "work_limit";

/** A failure that a user may read: the message says what happened, to what, and what to do next; it never holds a secret. */
export class ReconcileError extends Error {
  override readonly name = "ReconcileError";
  readonly code: ErrorCode;
  /** The namespace whose own share of something common was used up: to others the failure says nothing. */
  readonly shareOf: string | undefined;
  /** When the try began that failed (`performance.now()`): it may answer every question that was asked before. */
  readonly startedAt: number | undefined;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; shareOf?: string | undefined; startedAt?: number }) {
    super(message, options);
    this.code = code;
    this.shareOf = options?.shareOf;
    this.startedAt = options?.startedAt;
  }
}

/** Whoever asked was known, and lacks a right: no failed login, for which hosts shut out everybody. */
export class RightMissing extends ReconcileError {}

/** The error as a ReconcileError; what we did not foresee keeps its text and becomes `internal`. */
export function asReconcileError(error: unknown): ReconcileError {
  if (error instanceof ReconcileError) return error;
  return new ReconcileError("internal", error instanceof Error ? error.message : String(error), { cause: error });
}

/** Messages that stand for themselves, without the step they come from (contract §5). */
const COMPLETE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["manifest_no_container"]);

/** The failure with the step that it happened in put in front. */
export function inStep(step: string, error: unknown): ReconcileError {
  const known = asReconcileError(error);
  if (COMPLETE.has(known.code)) return known;
  return new ReconcileError(known.code, `${step}: ${known.message}`, { cause: error });
}
