import type { YAMLMap } from "yaml";
import { isDigest } from "../image.ts";
import type { Hint, Place } from "./format.ts";
import { referencePlace, tagPlace, withDigestBeside, withRoomAlone } from "./image-place.ts";
import type { TextScalar } from "./text-scalar.ts";
import type { NodeReader } from "./yaml-nodes.ts";

/** `helm.parameters`: one value with the image and its tag, or `P.repository` and `P.tag` in two. */
export function* helmParameters(helm: YAMLMap, read: NodeReader): Generator<Place | Hint> {
  const values = new Map<string, TextScalar>();
  for (const parameter of read.mapsAt(helm, "parameters")) {
    const name = read.scalarAt(parameter, "name");
    const value = read.scalarAt(parameter, "value");
    // Helm takes the last of several.
    if (name && value) values.set(name.value, value);
  }
  for (const [name, value] of values) {
    const key = /(?:^|\.)(tag|imageTag)$/.exec(name)?.[1];
    if (key === undefined) {
      // It reads like the image `sha256` with a tag.
      if (isDigest(value.value)) continue;
      const place = referencePlace(value);
      if (place.tag !== undefined) yield place;
      continue;
    }
    const beside = (other: string) => values.get(`${name.slice(0, -key.length)}${other}`);
    const registry = beside("registry")?.value ?? "";
    const named = ["repository", "image", "name"].flatMap((other) => beside(other)?.value || []);
    const names = named.map((image) => (registry === "" ? image : `${registry}/${image}`));
    if (names.length === 0) continue;
    const withDigests = ["digest", "sha"].reduce((all, other) => withDigestBeside(all, beside(other), other), tagPlace(names, value, name));
    yield withRoomAlone(withDigests, "add the parameter for it with the value '' if the chart reads one");
  }
}
