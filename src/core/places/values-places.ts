import { isScalar, type Node, type YAMLMap } from "yaml";
import { parseImageReference } from "../image.ts";
import type { Hint, Place } from "./format.ts";
import { referencePlace, tagPlace, withDigestBeside, withRoomAlone } from "./image-place.ts";
import type { TextScalar } from "./text-scalar.ts";
import type { NodeReader } from "./yaml-nodes.ts";

const nameKeys = ["repository", "image", "name"];
const tagKeys = ["tag", "imageTag"];
const digestKeys = ["digest", "sha"];

/** The images of Helm values, by the shapes that charts have for them, at any depth. `seen`: what was looked through before. */
export function* valuesPlaces(root: Node | undefined, read: NodeReader, seen = new Set<object>()): Generator<Place | Hint> {
  for (const map of read.mapsBelow(root, seen)) {
    yield* inTwoKeys(map, read);
    yield* inOneKey(map, read);
  }
}

/** `repository` and `tag`, and their like. */
function* inTwoKeys(map: YAMLMap, read: NodeReader): Generator<Place | Hint> {
  const tags = tagKeys.flatMap((key) => {
    const scalar = read.scalarAt(map, key);
    return scalar ? [{ key, scalar }] : [];
  });
  const [tag, another] = tags;
  if (!tag && !read.has(map, "repository") && !tagKeys.some((key) => read.has(map, key))) return;
  const registry = read.scalarAt(map, "registry")?.value ?? "";
  const named = nameKeys.flatMap((key) => read.scalarAt(map, key) ?? []).filter(({ value }) => isName(value));
  const names = named.map(({ value }) => (registry === "" ? value : `${registry}/${value}`));
  const [first] = named;
  if (!first) return;
  if (!tag) return yield { hint: "names it without a tag: write tag: ''", offset: first.offset, names };
  const place = withRoomAlone(withDigests(tagPlace(names, tag.scalar, tag.key), map, read), "add digest: '' if the chart reads it");
  yield another ? { ...place, problem: "both 'tag' and 'imageTag' are there; name one of them as FILE#PATH" } : place;
}

/** `image: team/app:1`, `workerImage: …`. */
function* inOneKey(map: YAMLMap, read: NodeReader): Generator<Place | Hint> {
  for (const key of read.ownKeys(map).keys()) {
    if (!key.toLowerCase().endsWith("image")) continue;
    const scalar = read.scalarAt(map, key);
    if (!scalar) continue;
    const place = referencePlace(scalar);
    if (place.tag !== undefined) yield key === "image" ? withDigests(place, map, read) : place;
    else if (scalar.value.includes("/") && !tagKeys.some((tag) => read.has(map, tag)))
      yield { hint: "names it without a tag: write one behind it", offset: scalar.offset, names: place.names };
  }
}

function withDigests(place: Place, map: YAMLMap, read: NodeReader): Place {
  return digestKeys.reduce((all, key) => withDigestBeside(all, digestAt(map, key, read), key), place);
}

function digestAt(map: YAMLMap, key: string, read: NodeReader): TextScalar | undefined {
  return isScalar(read.get(map, key)) ? read.scalarAt(map, key) : undefined;
}

/** Without tag and digest, which would be the place themselves. */
function isName(text: string): boolean {
  const reference = parseImageReference(text);
  return reference !== undefined && reference.tag === undefined && reference.digest === undefined;
}
