import type { ManifestQuestion } from "../../../src/core/manifest-edit.ts";
import { findPlaces } from "../../../src/core/places/find-places.ts";
import { whyNone } from "../../../src/core/places/why-none.ts";
import { writePlaces } from "../../../src/core/places/write-places.ts";
import type { ImageName } from "../../../src/core/types.ts";

/** What is ours in a manifest; where nothing is, why. */
export function find(text: string, image: ImageName, path = "a.yaml") {
  const found = findPlaces({ text, path, image });
  if (found.kind === "ok") {
    const { kind, registry, places } = found;
    return { kind, registry, ours: places.map(({ tag, digest }) => ({ tag, digest })) };
  }
  if (found.kind === "invalid") return found;
  return { kind: found.kind, reason: whyNone({ text, path, image, tag: "new" }, found.file) };
}

export function write(text: string, image: ImageName, tag: string, digest?: string, path = "a.yaml", ref?: ManifestQuestion["ref"]) {
  return writePlaces({ text, path, image, tag, digest, ref });
}
