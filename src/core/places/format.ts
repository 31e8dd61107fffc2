import type { ManifestObject } from "./manifest-objects.ts";
import type { NodeReader, TextScalar } from "./yaml-nodes.ts";

/** A scalar that holds an image's tag; the same one several times when an alias or a merge brings it. */
export interface Place extends TextScalar {
  /** The image as one reference, with its tag and digest, also where the scalar holds the tag alone. */
  readonly image: string;
  /** How the value begins; the tag comes next, then `@` and the digest where there is one. */
  readonly beforeTag: string;
}

/** One way to write down which image is to run. An object may have several. */
export interface Format {
  /** By the object's content alone. */
  isOwn(object: ManifestObject): boolean;
  /** Of all images in such an object. Throws InvalidYaml where one could be overlooked. */
  placesIn(object: ManifestObject, read: NodeReader): Iterable<Place>;
}
