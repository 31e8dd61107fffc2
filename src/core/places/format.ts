import type { ManifestObject } from "./manifest-objects.ts";
import type { TextScalar } from "./text-scalar.ts";
import type { NodeReader } from "./yaml-nodes.ts";

/** A scalar that holds an image's tag, or a commit of a repository; the same one several times when an alias or a merge brings it. */
export interface Place extends TextScalar {
  /** The image with its tag, as a message shows it. */
  readonly shown: string;
  /** What says which image it is, without tag: any of them. */
  readonly names: readonly string[];
  readonly tag?: string | undefined;
  /** In the same scalar. */
  readonly digest?: string | undefined;
  /** `names` are of repositories, as `repositoryName` has them, and `tag` is a commit. */
  readonly isRef?: true;
  /** How the value begins; the tag comes next, then `@` and the digest where one stands there, then the rest. */
  readonly beforeTag: string;
  readonly afterTag?: string;
  /** The digest in a key of its own. */
  readonly digestBeside?: TextScalar | undefined;
  /** Likewise one that is empty, and how a digest is written there. */
  readonly digestRoom?: (TextScalar & { readonly isBareHex: boolean }) | undefined;
  /** Why no digest can be added, and what to do. */
  readonly noDigest?: string | undefined;
  /** Why it can't be written although it is the image's, and what to do. */
  readonly problem?: string | undefined;
}

/** What names an image, but is no place, and what to do: told where nothing is the image. */
export interface Hint {
  readonly hint: string;
  readonly offset: number;
  readonly names: readonly string[];
  /** It may be about any image that stands in it. */
  readonly text?: string;
}

/** One way to write down which image is to run. An object may have several. */
export interface Format {
  /** By the object's content, and the file's name where the content does not say. */
  isOwn(object: ManifestObject): boolean;
  /** Of all images in such an object. Throws InvalidYaml where one could be overlooked. */
  placesIn(object: ManifestObject, read: NodeReader): Iterable<Place | Hint>;
}
