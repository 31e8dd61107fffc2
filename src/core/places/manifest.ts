import { isDigest, isTag, matchesImage, parseImageReference, splitImage } from "../image.ts";
import type { ImageName } from "../types.ts";
import { type FoundImages, findImages, type ImageScalar } from "./manifest-images.ts";
import { type Invalid, InvalidYaml, invalid, lineAt, orInvalid } from "./yaml-documents.ts";

const maxShown = 20;
const maxShownLength = 300;

interface ManifestImage {
  readonly tag?: string;
  readonly digest?: string;
}

type ManifestImages =
  /** `registry`: the host that they are pulled from, for a target that names none. */
  | { readonly kind: "ok"; readonly ours: readonly [ManifestImage, ...ManifestImage[]]; readonly registry: string }
  /** No container is ours; `images` are those that are there, each once, as far as a message can name them; `instead` of Deployments, in words. */
  | { readonly kind: "none"; readonly images: readonly string[]; readonly instead?: readonly string[] }
  | Invalid;

type WrittenManifest = { readonly kind: "ok"; readonly text: string } | Invalid;

/** The images of the Deployments in a manifest that are the target's, containers before initContainers. */
export function readImages(text: string, image: ImageName): ManifestImages {
  return orInvalid(() => {
    const found = findImages(text);
    refuseSealed(found, image, text);
    const ours = found.images.flatMap(({ value }) => oursIn(value, image) ?? []);
    const [first, ...rest] = ours;
    if (first === undefined) {
      const instead = found.hasDeployments ? {} : { instead: found.others };
      return { kind: "none", images: forMessage(found.images), ...instead };
    }
    const registries = new Set(ours.map(({ registry }) => registry));
    if (registries.size > 1) {
      const hosts = [...registries].join(", ");
      return invalid(`${image.repository} comes from several registries (${hosts}); name one of them in gitops.operator.image_name`);
    }
    return { kind: "ok", ours: [tagOf(first), ...rest.map(tagOf)], registry: first.registry };
  });
}

/**
 * The text with the tag at every image that is ours and has another one. A digest there becomes the given one, or goes; every other
 * character stays. An anchored image is changed at its anchor: what repeats it by alias follows, as its author asked for.
 */
export function writeTag(text: string, image: ImageName, tag: string, digest?: string): WrittenManifest {
  return orInvalid(() => {
    if (!isTag(tag)) return invalid("the wanted text is no image tag");
    if (digest !== undefined && !isDigest(digest)) return invalid("the registry's digest is no digest");
    const found = findImages(text);
    refuseSealed(found, image, text);
    const before = found.images;
    const after = before.map((scalar) => withTag(scalar.value, image, tag, digest));
    const edits = new Map<number, { end: number; value: string }>();
    for (const [index, scalar] of before.entries()) {
      const value = after[index];
      if (value === undefined || value === scalar.value) continue;
      const offset = valueOffset(scalar, text);
      edits.set(offset, { end: offset + scalar.value.length, value });
    }
    let written = "";
    let end = 0;
    for (const [offset, edit] of [...edits].sort(([a], [b]) => a - b)) {
      written += text.slice(end, offset) + edit.value;
      end = edit.end;
    }
    written += text.slice(end);
    const { images: reread } = findImages(written);
    if (reread.length !== before.length || reread.some(({ value }, index) => value !== after[index])) {
      return invalid("the tag cannot be changed without changing something else; write the image as plain text on one line");
    }
    return { kind: "ok", text: written };
  });
}

function oursIn(value: string, image: ImageName) {
  const reference = parseImageReference(value);
  return reference && matchesImage(reference, image) ? reference : undefined;
}

/** Where an image of ours is in a sealed document, or none is seen and one may be hidden there. */
function refuseSealed({ images, sealedAt }: FoundImages, image: ImageName, text: string): void {
  const ours = images.filter(({ value }) => oursIn(value, image));
  const at = ours.length === 0 ? sealedAt : ours.find(({ isSealed }) => isSealed)?.offset;
  if (at === undefined) return;
  throw new InvalidYaml(
    `line ${lineAt(text, at)}: SOPS encrypted this document, and its MAC covers what is plain too, so a changed tag would make it ` +
      "undecipherable; encrypt it with mac_only_encrypted, or leave the Deployment plain and encrypt its Secrets alone",
  );
}

function tagOf({ tag, digest }: ManifestImage): ManifestImage {
  return { ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

function forMessage(found: readonly ImageScalar[]): string[] {
  const images = [...new Set(found.map(({ value }) => value.slice(0, maxShownLength)))];
  return images.length > maxShown ? [...images.slice(0, maxShown), `${images.length - maxShown} more`] : images;
}

function withTag(value: string, image: ImageName, tag: string, digest: string | undefined): string {
  const reference = oursIn(value, image);
  if (!reference || reference.tag === tag) return value;
  const pinned = reference.digest !== undefined && digest !== undefined ? `@${digest}` : "";
  return `${splitImage(value).name}:${tag}${pinned}`;
}

/** Where the value's characters stand in the text one for one, which they do not in escapes, folded lines and blocks. */
function valueOffset({ value, source, offset, style }: ImageScalar, text: string): number {
  if (style === "PLAIN" && source === value) return offset;
  const isQuoted = style === "QUOTE_SINGLE" || style === "QUOTE_DOUBLE";
  if (isQuoted && source.slice(1, -1) === value) return offset + 1;
  throw new InvalidYaml(
    `line ${lineAt(text, offset)}: the image is written with escapes or over several lines; write it as plain text on one line`,
  );
}
