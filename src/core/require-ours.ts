import { ReconcileError } from "../errors.ts";
import type { FoundEdit, ManifestEdit } from "./ports.ts";

/** For a file that has to hold the image: throws `manifest_no_container` where nothing in it is. */
export function requireOurs(edit: ManifestEdit): FoundEdit {
  if (edit.kind === "none") throw new ReconcileError("manifest_no_container", edit.reason);
  return edit;
}
