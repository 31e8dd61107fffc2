import { ReconcileError } from "../../errors.ts";
import { escapeControl } from "../../text/escape.ts";
import { formatImage, withRegistry } from "../image.ts";
import type { ManifestEdit, ManifestQuestion } from "../ports.ts";
import { findPlaces } from "./find-places.ts";
import { writePlaces } from "./write-places.ts";

/** Kinds in a message. */
const maxShown = 10;

/** What has to become of a manifest so that the image has the tag; throws `manifest_invalid`. */
export function editManifest({ text, path, image, tag, digest }: ManifestQuestion): ManifestEdit {
  const found = findPlaces(text, image);
  if (found.kind === "invalid") throw invalid(path, found.reason);
  if (found.kind === "none") {
    const none = `No container in ${path} references image '${formatImage(image)}'; check gitops.operator.image_name`;
    return { kind: "none", reason: `${none}${whatIsThere(found.images, found.instead)}` };
  }
  const registry = image.registry ?? found.ours[0].registry;
  const pulled = { ...withRegistry(image, registry), registry };
  const stands = { image: pulled, tags: [...new Set(found.ours.flatMap((ours) => ours.tag ?? []))] };
  const differing = found.ours.filter((ours) => ours.tag !== tag);
  if (differing.length === 0) return { kind: "up_to_date", ...stands };
  const written = writePlaces(text, image, tag, digest);
  if (written.kind === "invalid") throw invalid(path, written.reason);
  const isPinned = differing.some((ours) => ours.digest !== undefined);
  const from = differing.find((ours) => ours.tag !== undefined)?.tag;
  return { kind: "update", ...stands, isPinned, text: written.text, ...(from === undefined ? {} : { from }) };
}

function whatIsThere(images: readonly string[], instead: readonly string[] | undefined): string {
  if (images.length > 0) return ` (there are: ${images.map(escapeControl).join(", ")})`;
  if (!instead) return " (there are no images in its Deployments)";
  const held = instead.slice(0, maxShown);
  const [last, ...others] = [...held, ...(instead.length > maxShown ? ["more"] : [])].reverse();
  if (last === undefined) return " and gitops.operator.deployment_path (the file is empty)";
  const list = others.length > 0 ? `${others.reverse().join(", ")} and ${last}` : last;
  return ` and gitops.operator.deployment_path (the file holds ${list}, and only Deployments are written)`;
}

function invalid(path: string, reason: string): ReconcileError {
  return new ReconcileError("manifest_invalid", `${path} can't be used as a manifest: ${reason}`);
}
