import { matchesImage, parseImageReference } from "./image.ts";
import type { ImageName, WorkloadRecord } from "./types.ts";

/** Whether all containers of its template that are the image have the tag, and there is one. */
export function isAtTag({ containers }: Pick<WorkloadRecord, "containers">, image: ImageName, tag: string): boolean {
  const ours = containers.map((container) => parseImageReference(container.image)).filter((one) => one && matchesImage(one, image));
  return ours.length > 0 && ours.every((one) => one?.tag === tag);
}
