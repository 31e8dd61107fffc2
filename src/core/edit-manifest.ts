import { ReconcileError } from "../errors.ts";
import { decide } from "./decide.ts";
import { escapeControl } from "./escape.ts";
import { formatImage, withRegistry } from "./image.ts";
import { readImages, writeTag } from "./manifest.ts";
import type { ImageName } from "./types.ts";

/** An image whose registry is known. */
export type PulledImage = ImageName & { readonly registry: string };

export type ManifestEdit =
  /** `image`: with the host that the manifest pulls it from. */
  | { readonly kind: "up_to_date"; readonly image: PulledImage }
  /** `from`: the first differing tag that was there; `text`: with the wanted tag. */
  | { readonly kind: "update"; readonly from?: string; readonly image: PulledImage; readonly text: string };

/** What has to become of a manifest so that the image has the tag; throws `manifest_invalid` or `manifest_no_container`. */
export function editManifest(text: string, path: string, image: ImageName, tag: string, digest?: string): ManifestEdit {
  const images = readImages(text, image);
  if (images.kind === "invalid") throw invalid(path, images.reason);
  if (images.kind === "none") {
    const there =
      images.images.length > 0 ? `there are: ${images.images.map(escapeControl).join(", ")}` : "there are no images in its Deployments";
    throw new ReconcileError(
      "manifest_no_container",
      `No container in ${path} references image '${formatImage(image)}'; check gitops.operator.image_name (${there})`,
    );
  }
  const registry = image.registry ?? images.registry;
  const pulled = { ...withRegistry(image, registry), registry };
  const decision = decide(images.ours, tag);
  if (decision.kind === "up_to_date") return { kind: "up_to_date", image: pulled };
  const written = writeTag(text, image, tag, digest);
  if (written.kind === "invalid") throw invalid(path, written.reason);
  return { kind: "update", image: pulled, text: written.text, ...(decision.from === undefined ? {} : { from: decision.from }) };
}

function invalid(path: string, reason: string): ReconcileError {
  return new ReconcileError("manifest_invalid", `${path} can't be used as a manifest: ${reason}`);
}
