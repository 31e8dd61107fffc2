import { escapeControl } from "../../text/escape.ts";
import { formatImage, matchesImage, parseImageReference } from "../image.ts";
import type { ManifestQuestion } from "../manifest-edit.ts";
import type { ImageName } from "../types.ts";
import type { FilePlaces } from "./file-places.ts";
import type { Hint } from "./format.ts";
import { findUnseen, type UnseenImage } from "./unseen-image.ts";
import { lineAt } from "./yaml-documents.ts";

/** Kinds in a message. */
const maxHeld = 10;
const maxShown = 20;
const maxShownLength = 300;

/** Why a file in which nothing is the image is no use, and what to do: which images are there, else what it holds instead. */
export function whyNone({ text, path, at, image, tag }: ManifestQuestion, file: FilePlaces): string {
  const name = formatImage(image);
  if (at !== undefined)
    return `'#${escapeControl(at)}' leads to nothing in ${path}${there(file.holds)}; check gitops.operator.deployment_path`;
  const images = file.places.flatMap(({ shown, isRef }) => (isRef ? [] : shown));
  const hint = file.hints.find((one) => isAbout(one, image));
  if (hint) return `Nothing in ${path} names image '${name}' with its tag: line ${lineAt(text, hint.offset)} ${hint.hint}`;
  const unseen = findUnseen({ text, image });
  if (unseen)
    return `Nothing in ${path} names image '${name}' where images are looked for: line ${lineAt(text, unseen.offset)} does${remedy(path, unseen)}`;
  if (file.hasWorkload) {
    return `No container in ${path} references image '${name}'; check gitops.operator.image_name${there(images, " (there are no images in its containers)")}`;
  }
  const kustomizations = file.holds.filter((held) => isKustomization.test(held));
  if (kustomizations.length > 0 && kustomizations.length === file.holds.length) {
    return `No entry of images in ${path} names image '${name}'; add - name: ${name} / newTag: ${tag}${there(images)}`;
  }
  const check = `Nothing in ${path} names image '${name}'; check gitops.operator.image_name`;
  const holds = `${path} ${listed(file.holds)}`;
  if (images.length === 0) return `${check} and gitops.operator.deployment_path (${holds})`;
  return kustomizations.length > 0 ? `${check} (${holds} (images: ${shownImages(images)}))` : `${check}${there(images)}`;
}

function remedy(path: string, { at }: UnseenImage): string {
  if (at === undefined) return ", where it can't be written; keep that in a file of its own";
  return `; name that value as ${path}#${at} in gitops.operator.deployment_path`;
}

const isKustomization = /^a (?:kustomization|Component of kustomize|Kustomization)$/;

function isAbout({ names, text }: Hint, image: ImageName): boolean {
  if (text?.includes(image.repository)) return true;
  return names.some((name) => {
    const reference = parseImageReference(name);
    return reference !== undefined && matchesImage(reference, image);
  });
}

function there(images: readonly string[], none = ""): string {
  return images.length === 0 ? none : ` (there are: ${shownImages(images)})`;
}

function shownImages(all: readonly string[]): string {
  const images = [...new Set(all.map((image) => escapeControl(image.slice(0, maxShownLength))))];
  return [...images.slice(0, maxShown), ...(images.length > maxShown ? [`${images.length - maxShown} more`] : [])].join(", ");
}

/** `holds a, b and c`, or `is empty`. */
export function listed(all: readonly string[]): string {
  const [last, ...others] = [...all.slice(0, maxHeld), ...(all.length > maxHeld ? ["more"] : [])].reverse();
  if (last === undefined) return "is empty";
  return `holds ${others.length > 0 ? `${others.reverse().join(", ")} and ${last}` : last}`;
}
