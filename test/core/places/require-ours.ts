import type { FoundEdit, ManifestEdit } from "../../../src/core/manifest-edit.ts";
import { ReconcileError } from "../../../src/errors.ts";

/** The edit of a file in which something is the image; throws what is told of a file that is named itself. */
export function requireOurs(edit: ManifestEdit): FoundEdit {
  if (edit.kind === "none") throw new ReconcileError("manifest_no_container", edit.reason);
  return edit;
}
