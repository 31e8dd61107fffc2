import { editManifest } from "../../core/places/edit-manifest.ts";
import type { ManifestEdit, ManifestQuestion } from "../../core/ports.ts";

export function editManifestJob({ text, path, image, tag, digest }: ManifestQuestion): ManifestEdit {
  return editManifest(text, path, image, tag, digest);
}
