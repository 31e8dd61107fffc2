import { isDeployment } from "../deployment-kind.ts";
import { splitImage } from "../image.ts";
import type { Format } from "./format.ts";

/** The images of the containers, then the initContainers, of a Deployment. */
export const workloadFormat: Format = {
  isOwn: isDeployment,
  *placesIn({ map }, read) {
    const pod = read.getMap(read.getMap(read.getMap(map, "spec"), "template"), "spec");
    for (const container of [...read.getItems(pod, "containers"), ...read.getItems(pod, "initContainers")]) {
      const image = read.getScalar(container, "image", "a container");
      if (image) yield { ...image, image: image.value, beforeTag: `${splitImage(image.value).name}:` };
    }
  },
};
