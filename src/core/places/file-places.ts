import { rememberTexts } from "../../sharing/remember-texts.ts";
import type { Place } from "./format.ts";
import { formats } from "./formats.ts";
import { describeObject, describeRoot, isEncrypted, objectsIn } from "./manifest-objects.ts";
import { InvalidYaml, readDocuments } from "./yaml-documents.ts";
import { createNodeReader } from "./yaml-nodes.ts";

export interface FilePlaces {
  /** `isSealed`: in a document that breaks when it is changed. */
  readonly places: readonly (Place & { readonly isSealed: boolean })[];
  /** Where the first object of a format is, or may be, that SOPS has sealed. */
  readonly sealedAt: number | undefined;
  /** What the file holds beside objects of a format, each once, in words. */
  readonly others: readonly string[];
  readonly hasFormat: boolean;
}

/** Of files and their places: a pass without news parses none again. */
const MOST_REMEMBERED_BYTES = 8 * 2 ** 20;

/** The first line that every Git LFS pointer has, in all versions: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
const lfsPointer = /^version https:\/\/(?:git-lfs|hawser)\.github\.com\/spec\//;

/**
 * The places of all images: in every object that is a document, or an item of a List, which is how kubectl reads it.
 * Throws InvalidYaml, also where an object is odd enough that an image could be overlooked.
 */
export const readPlaces = rememberTexts((text): FilePlaces => {
  if (lfsPointer.test(text)) {
    throw new InvalidYaml("it is a Git LFS pointer, not the file itself; keep manifests out of LFS (git lfs migrate export --include=…)");
  }
  const places: FilePlaces["places"][number][] = [];
  const others = new Set<string>();
  let sealedAt: number | undefined;
  let hasFormat = false;
  for (const document of readDocuments(text)) {
    const read = createNodeReader(document, text);
    const whole = describeRoot(read.root);
    if (whole !== undefined) others.add(whole);
    for (const object of objectsIn(read)) {
      const { isSealed } = object;
      const own = formats.filter((format) => format.isOwn(object));
      if (isSealed && (own.length > 0 || isEncrypted(object))) sealedAt ??= object.map.range?.[0] ?? 0;
      if (own.length === 0) others.add(describeObject(object));
      else hasFormat = true;
      for (const format of own) for (const place of format.placesIn(object, read)) places.push({ ...place, isSealed });
    }
  }
  return { places, sealedAt, others: [...others], hasFormat };
}, MOST_REMEMBERED_BYTES);
