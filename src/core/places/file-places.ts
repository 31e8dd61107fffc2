import { rememberTexts } from "../../sharing/remember-texts.ts";
import { isDeploymentManifest } from "../deployment-kind.ts";
import type { ManifestQuestion } from "../manifest-edit.ts";
import type { Hint, Place } from "./format.ts";
import { formats } from "./formats.ts";
import { describeObject, describeRoot, isEncrypted, objectsIn } from "./manifest-objects.ts";
import { readPlacesAt } from "./path-places.ts";
import { workloadFormat } from "./workload-format.ts";
import { InvalidYaml, readDocuments } from "./yaml-documents.ts";
import { createNodeReader } from "./yaml-nodes.ts";

export interface FilePlaces {
  /** `isSealed`: in a document that breaks when it is changed. */
  readonly places: readonly (Place & { readonly isSealed: boolean })[];
  readonly hints: readonly Hint[];
  /** Where the first object is that SOPS has sealed and that holds an image, or may hold one. */
  readonly sealedAt: number | undefined;
  /** What the file holds, each once, in words. */
  readonly holds: readonly string[];
  readonly hasWorkload: boolean;
}

/** Of files and their places: a pass without news parses none again. */
const MOST_REMEMBERED_BYTES = 8 * 2 ** 20;

/** The first line that every Git LFS pointer has, in all versions: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
const lfsPointer = /^version https:\/\/(?:git-lfs|hawser)\.github\.com\/spec\//;

const remembered = rememberTexts((key): FilePlaces => {
  const cut = key.indexOf("\n");
  const { fileName, at, image } = JSON.parse(key.slice(0, cut)) as Pick<ManifestQuestion, "at" | "image"> & { fileName: string };
  const text = key.slice(cut + 1);
  if (lfsPointer.test(text)) {
    throw new InvalidYaml("it is a Git LFS pointer, not the file itself; keep manifests out of LFS (git lfs migrate export --include=…)");
  }
  return at === undefined ? readAll(text, fileName) : readPlacesAt(text, at, image);
}, MOST_REMEMBERED_BYTES);

/**
 * The places of all images: in every object that is a document, or an item of a List, which is how kubectl reads it; with `at` those that it
 * names. Throws InvalidYaml, also where an object is odd enough that an image could be overlooked.
 */
export function readPlaces({ text, path, at, image }: Pick<ManifestQuestion, "text" | "path" | "at" | "image">): FilePlaces {
  const fileName = path.slice(path.lastIndexOf("/") + 1);
  // What stands at a place does not depend on the image, except where `at` names it.
  return remembered(`${JSON.stringify(at === undefined ? { fileName } : { at, image })}\n${text}`);
}

function readAll(text: string, fileName: string): FilePlaces {
  const places: FilePlaces["places"][number][] = [];
  const hints: Hint[] = [];
  const holds = new Set<string>();
  let sealedAt: number | undefined;
  let hasWorkload = false;
  for (const document of readDocuments(text)) {
    const read = createNodeReader(document, text);
    const whole = describeRoot(read.root);
    if (whole !== undefined) holds.add(whole);
    for (const object of objectsIn(read, fileName)) {
      const { isSealed } = object;
      let isImages = isDeploymentManifest(object) || isEncrypted(object);
      hasWorkload ||= isDeploymentManifest(object);
      holds.add(describeObject(object));
      for (const format of formats.filter((one) => one.isOwn(object))) {
        for (const found of format.placesIn(object, read)) {
          if ("hint" in found) {
            hints.push(found);
            continue;
          }
          places.push({ ...found, isSealed });
          isImages ||= !found.isRef;
          hasWorkload ||= format === workloadFormat;
        }
      }
      if (isSealed && isImages) sealedAt ??= object.map.range?.[0] ?? 0;
    }
  }
  return { places, hints, sealedAt, holds: [...holds], hasWorkload };
}
