import type { Format } from "./format.ts";
import { kustomizeImages } from "./kustomize-images.ts";
import { kustomizeRefs } from "./kustomize-refs.ts";
import { isKustomization } from "./manifest-objects.ts";
import { valuesPlaces } from "./values-places.ts";

/** A kustomization or Component of kustomize. */
export const kustomizationFormat: Format = {
  isOwn: isKustomization,
  *placesIn({ map }, read) {
    yield* kustomizeImages(map, read);
    yield* kustomizeRefs(map, read);
    const seen = new Set<object>();
    for (const chart of read.mapsAt(map, "helmCharts")) yield* valuesPlaces(read.get(chart, "valuesInline"), read, seen);
  },
};
