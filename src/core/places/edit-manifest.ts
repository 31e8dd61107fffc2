import { ReconcileError } from "../../errors.ts";
import { withRegistry } from "../image.ts";
import type { ManifestEdit, ManifestQuestion } from "../manifest-edit.ts";
import { findPlaces, isAt } from "./find-places.ts";
import { isPinned } from "./image-place.ts";
import { whyNone } from "./why-none.ts";
import { writePlaces } from "./write-places.ts";

/** What has to become of a manifest so that the image has the tag, and the application's repository is read at its commit; throws `manifest_invalid`. */
export function editManifest(question: ManifestQuestion): ManifestEdit {
  const { path, image } = question;
  const found = findPlaces(question);
  if (found.kind === "invalid") throw invalid(path, found.reason);
  if (found.kind === "none") return { kind: "none", reason: whyNone(question, found.file) };
  const registry = image.registry ?? found.registry;
  const pulled = registry === undefined ? image : withRegistry(image, registry);
  const [refs, images] = [found.places.filter(({ isRef }) => isRef), found.places.filter(({ isRef }) => !isRef)];
  const tagsOf = (places: typeof refs) => [...new Set(places.flatMap(({ tag }) => tag ?? []))];
  const stands = { image: pulled, tags: tagsOf(images), refs: tagsOf(refs) };
  const differing = found.places.filter((place) => !isAt(place, question));
  if (differing.length === 0) return { kind: "up_to_date", ...stands };
  const written = writePlaces(question);
  if (written.kind === "invalid") throw invalid(path, written.reason);
  const isToBePinned = differing.some((place) => !place.isRef && (question.pins || isPinned(place)));
  const from = differing.find((place) => !place.isRef && place.tag !== undefined && place.tag !== question.tag)?.tag;
  return { kind: "update", ...stands, isPinned: isToBePinned, text: written.text, ...(from === undefined ? {} : { from }) };
}

function invalid(path: string, reason: string): ReconcileError {
  return new ReconcileError("manifest_invalid", `${path} can't be used as a manifest: ${reason}`);
}
