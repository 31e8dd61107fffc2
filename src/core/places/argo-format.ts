import type { YAMLMap } from "yaml";
import { helmParameters } from "./argo-parameters.ts";
import type { Format, Hint, Place } from "./format.ts";
import { referencePlace } from "./image-place.ts";
import { isOf, isSourceOverride } from "./manifest-objects.ts";
import { valuesPlaces } from "./values-places.ts";
import type { NodeReader } from "./yaml-nodes.ts";

/** Argo CD's Application and ApplicationSet, in whose sources everything stands, and a file that overrides a source. */
export const argoFormat: Format = {
  isOwn: (object) => isOf(object, ["argoproj.io"], ["Application", "ApplicationSet"]) || isSourceOverride(object),
  *placesIn({ map: root }, read) {
    const seen = new Set<object>();
    for (const map of read.mapsBelow(root)) {
      yield* kustomizeOverrides(read.mapAt(map, "kustomize"), read);
      const helm = read.mapAt(map, "helm");
      if (!helm) continue;
      yield* helmParameters(helm, read);
      yield* valuesPlaces(read.get(helm, "valuesObject"), read, seen);
      const values = read.scalarAt(helm, "values");
      const hint = "may name it in the text of helm.values, which is not written: make it valuesObject";
      if (values) yield { hint, offset: values.offset, names: [], text: values.value };
    }
  },
};

/** `[name=]image:tag` each, as `kustomize edit set image` takes them: of one with a digest it takes all in front of `@` for the name. */
function* kustomizeOverrides(kustomize: YAMLMap | undefined, read: NodeReader): Generator<Place | Hint> {
  for (const item of read.scalarsAt(kustomize, "images")) {
    const before = item.value.slice(0, item.value.indexOf("=") + 1);
    const place = referencePlace(item, before);
    const noDigest = "kustomize reads a digest here only where the image's name stands in front; write NAME=NAME:TAG";
    yield before === "" ? { ...place, noDigest } : place;
  }
}
