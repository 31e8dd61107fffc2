import type { Format } from "./format.ts";
import { isKustomization, isSourceOverride } from "./manifest-objects.ts";
import { valuesPlaces } from "./values-places.ts";

/** A file of Helm values: a mapping that does not say what it is. */
export const valuesFormat: Format = {
  isOwn: (object) => object.isRoot && object.apiVersion === undefined && !isKustomization(object) && !isSourceOverride(object),
  placesIn: ({ map }, read) => valuesPlaces(map, read),
};
