import { isDigest, isTag } from "../image.ts";
import type { ImageName } from "../types.ts";
import { readPlaces } from "./file-places.ts";
import { oursIn, refuseSealed } from "./find-places.ts";
import type { Place } from "./format.ts";
import { type Invalid, invalid, lineAt, orInvalid } from "./yaml-documents.ts";

type Written = { readonly kind: "ok"; readonly text: string } | Invalid;

/**
 * The text with the tag at every image that is ours and has another one. A digest there becomes the given one, or goes; every other
 * character stays. An anchored image is changed at its anchor: what repeats it by alias follows, as its author asked for.
 */
export function writePlaces(text: string, image: ImageName, tag: string, digest?: string): Written {
  return orInvalid(() => {
    if (!isTag(tag)) return invalid("the wanted text is no image tag");
    if (digest !== undefined && !isDigest(digest)) return invalid("the registry's digest is no digest");
    const found = readPlaces(text);
    refuseSealed(found, image, text);
    const before = found.places;
    const after = before.map((place) => withTag(place, image, tag, digest));
    const edits = new Map<number, { end: number; value: string }>();
    for (const [index, place] of before.entries()) {
      const value = after[index];
      if (value === undefined || value === place.value) continue;
      const { valueAt } = place;
      if (valueAt === undefined) {
        const why = "the image is written with escapes or over several lines; write it as plain text on one line";
        return invalid(`line ${lineAt(text, place.offset)}: ${why}`);
      }
      edits.set(valueAt, { end: valueAt + place.value.length, value });
    }
    let written = "";
    let end = 0;
    for (const [offset, edit] of [...edits].sort(([a], [b]) => a - b)) {
      written += text.slice(end, offset) + edit.value;
      end = edit.end;
    }
    written += text.slice(end);
    const { places: reread } = readPlaces(written);
    if (reread.length !== before.length || reread.some(({ value }, index) => value !== after[index])) {
      return invalid("the tag cannot be changed without changing something else; write the image as plain text on one line");
    }
    return { kind: "ok", text: written };
  });
}

function withTag(place: Place, image: ImageName, tag: string, digest: string | undefined): string {
  const reference = oursIn(place, image);
  if (!reference || reference.tag === tag) return place.value;
  const pinned = reference.digest !== undefined && digest !== undefined ? `@${digest}` : "";
  return `${place.beforeTag}${tag}${pinned}`;
}
