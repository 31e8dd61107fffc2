import { editManifest, type ManifestEdit } from "../../core/edit-manifest.ts";
import type { ImageName } from "../../core/types.ts";

export interface EditManifestInput {
  readonly text: string;
  readonly path: string;
  readonly image: ImageName;
  readonly tag: string;
  readonly digest: string | undefined;
}

export function editManifestJob({ text, path, image, tag, digest }: EditManifestInput): ManifestEdit {
  return editManifest(text, path, image, tag, digest);
}
