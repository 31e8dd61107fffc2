import type { Format } from "./format.ts";
import { kustomizeImages } from "./kustomize-images.ts";
import { isOf } from "./manifest-objects.ts";
import { valuesPlaces } from "./values-places.ts";

const helmGroups = ["helm.toolkit.fluxcd.io", "helm.fluxcd.io"];

/** Flux's Kustomization, and its HelmRelease: the values, and the images that are put in after Helm. */
export const fluxFormat: Format = {
  isOwn: (object) => isOf(object, ["kustomize.toolkit.fluxcd.io"], ["Kustomization"]) || isOf(object, helmGroups, ["HelmRelease"]),
  *placesIn({ map, kind }, read) {
    const spec = read.mapAt(map, "spec");
    if (kind === "Kustomization") return yield* kustomizeImages(spec, read);
    if (spec) yield* valuesPlaces(read.get(spec, "values"), read);
    for (const renderer of read.mapsAt(spec, "postRenderers")) yield* kustomizeImages(read.mapAt(renderer, "kustomize"), read);
  },
};
