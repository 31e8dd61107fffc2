/** The nouns of what becomes of a manifest. */
import type { ImageName } from "./types.ts";

export interface ManifestQuestion {
  readonly text: string;
  /** The file's, from the root of its repository: for messages, and some formats are known by the file's name. */
  readonly path: string;
  /** The one scalar in the file that is to be written, as `image.tag`; without it the file is searched for the image. */
  readonly at?: string | undefined;
  readonly image: ImageName;
  readonly tag: string;
  /** At which commit a kustomization is to read that repository, where it names it; undefined: that is left alone. */
  readonly ref?: { readonly repository: string; readonly commit: string } | undefined;
  /** Takes the place of one in the manifest. Undefined: not known yet, and what would be written is not meant to be. */
  readonly digest?: string | undefined;
  /** A digest is to stand at every image, also where none does. */
  readonly pins?: boolean | undefined;
  /** No check of the image was asked for, so no digest will ever be known. */
  readonly isUnchecked?: boolean | undefined;
}

/** An image whose registry is known. */
export type PulledImage = ImageName & { readonly registry: string };

export type ManifestEdit =
  /** Nothing in the file is the image, or `at` leads nowhere; why, and what to do, with the file's path. */
  { readonly kind: "none"; readonly reason: string } | FoundEdit;

export type FoundEdit = {
  /** With the host that the manifest pulls it from; without one where nothing but a ref is ours, and the question names none. */
  readonly image: ImageName;
  /** Of the images that are ours, as they stand in the file: each once, in its order. */
  readonly tags: readonly string[];
  /** Likewise the commits of the repository. */
  readonly refs: readonly string[];
} & (
  | { readonly kind: "up_to_date" }
  /** `from`: the first differing tag that was there; `text`: with the wanted tag; `isPinned`: a digest stands at what is changed, or is to. */
  | { readonly kind: "update"; readonly from?: string; readonly text: string; readonly isPinned: boolean }
);
