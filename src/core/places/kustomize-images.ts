import type { YAMLMap } from "yaml";
import type { Hint, Place } from "./format.ts";
import { tagPlace, withDigestBeside } from "./image-place.ts";
import type { NodeReader } from "./yaml-nodes.ts";

/** The entries of `images`, as kustomize has them and Flux took them over. */
export function* kustomizeImages(map: YAMLMap | undefined, read: NodeReader): Generator<Place | Hint> {
  for (const entry of read.mapsAt(map, "images")) {
    const newName = read.scalarAt(entry, "newName");
    const name = newName && newName.value !== "" ? newName : read.scalarAt(entry, "name");
    if (!name) continue;
    const names = [name.value];
    const tag = read.scalarAt(entry, "newTag");
    const digest = read.scalarAt(entry, "digest");
    if (tag) {
      const place = withDigestBeside(tagPlace(names, tag, "newTag"), digest, "digest");
      const hasSuffix = (read.scalarAt(entry, "tagSuffix")?.value ?? "") !== "";
      yield hasSuffix ? { ...place, problem: "'tagSuffix' makes another tag of newTag; remove it" } : place;
    } else if (digest && digest.value !== "") {
      const problem = "the entry of images has a digest and no newTag; add newTag: ''";
      yield { ...digest, shown: `${name.value}@${digest.value}`, names, digest: digest.value, beforeTag: "", problem };
    } else {
      yield { hint: "names it without a tag: add newTag: ''", offset: name.offset, names };
    }
  }
}
