import { ReconcileError } from "../../../errors.ts";
import { diskError } from "./disk-error.ts";

/** What it means that something can't be read out of a local copy. */
export function damagedCopy(error: unknown): ReconcileError {
  const known = diskError(error);
  if (known instanceof ReconcileError) return known;
  return new ReconcileError("git_copy_damaged", "the local copy of the manifests repository is damaged; it is made anew", { cause: error });
}
