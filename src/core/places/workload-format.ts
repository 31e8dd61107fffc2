import type { YAMLMap } from "yaml";
import { isDeploymentManifest } from "../deployment-kind.ts";
import type { Format } from "./format.ts";
import { referencePlace } from "./image-place.ts";
import type { ManifestObject } from "./manifest-objects.ts";
import type { NodeReader } from "./yaml-nodes.ts";

const lists = ["containers", "initContainers", "ephemeralContainers"];

/** The images of containers, wherever lists of them, or one alone, stand in an object of any kind, as kustomize looks for them. */
export const workloadFormat: Format = {
  isOwn: ({ apiVersion, kind }) => apiVersion !== undefined && kind !== undefined && kind !== "CustomResourceDefinition",
  *placesIn(object, read) {
    if (isDeploymentManifest(object)) checkPod(object, read);
    const seen = new Set<YAMLMap>();
    for (const map of read.mapsBelow(object.map)) {
      for (const container of lists.flatMap((list) => read.mapAt(map, list) ?? read.mapsAt(map, list))) {
        if (seen.has(container)) continue;
        seen.add(container);
        const image = read.scalarAt(container, "image");
        if (image) yield referencePlace(image);
      }
    }
  },
};

/** What a Deployment's containers are is known; where they are odd, one could be overlooked. */
function checkPod({ map }: ManifestObject, read: NodeReader): void {
  const pod = read.getMap(read.getMap(read.getMap(map, "spec"), "template"), "spec");
  for (const container of lists.flatMap((list) => read.getItems(pod, list))) read.getScalar(container, "image", "a container");
}
