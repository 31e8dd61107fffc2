import type { ErrorCode } from "../../errors.ts";
import type { Outcome } from "../outcome.ts";

const SHUT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(["credential_invalid", "ssh_key_invalid"] as const),
  ...(["git_branch_missing", "git_denied", "git_repository_missing", "repository_denied"] as const),
  ...(["secret_denied", "secret_field_missing", "secret_forbidden", "secret_missing"] as const),
]);

/** What the Secret holds does not open the repository any more, or may not be used for it: then no history of it is shown. */
export function isShut(outcome: Outcome): boolean {
  return outcome.kind === "failed" && SHUT.has(outcome.error.code);
}
