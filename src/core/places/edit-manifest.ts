import { ReconcileError } from "../../errors.ts";
import { withRegistry } from "../image.ts";
import type { ManifestEdit, ManifestQuestion } from "../manifest-edit.ts";
import { findPlaces, isAt } from "./find-places.ts";
import { whyNone } from "./why-none.ts";
import { writePlaces } from "./write-places.ts";

/** What has to become of a manifest so that the image has the tag; throws `manifest_invalid`. */
export function editManifest(question: ManifestQuestion): ManifestEdit {
  const { path, image, tag } = question;
  const found = findPlaces(question);
  if (found.kind === "invalid") throw invalid(path, found.reason);
  if (found.kind === "none") return { kind: "none", reason: whyNone(question, found.file) };
  const registry = image.registry ?? found.ours[0].registry;
  const pulled = { ...withRegistry(image, registry), registry };
  const stands = { image: pulled, tags: [...new Set(found.ours.flatMap((ours) => ours.tag ?? []))] };
  const differing = found.places.filter((place) => !isAt(place, tag));
  if (differing.length === 0) return { kind: "up_to_date", ...stands };
  const written = writePlaces(question);
  if (written.kind === "invalid") throw invalid(path, written.reason);
  const isPinned = differing.some(({ digest }) => digest !== undefined);
  const from = differing.find((place) => place.tag !== undefined)?.tag;
  return { kind: "update", ...stands, isPinned, text: written.text, ...(from === undefined ? {} : { from }) };
}

function invalid(path: string, reason: string): ReconcileError {
  return new ReconcileError("manifest_invalid", `${path} can't be used as a manifest: ${reason}`);
}
