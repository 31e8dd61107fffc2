import { matchesImage, parseImageReference } from "../image.ts";
import type { ManifestQuestion } from "../manifest-edit.ts";
import type { ImageName } from "../types.ts";
import { type FilePlaces, readPlaces } from "./file-places.ts";
import type { Place } from "./format.ts";
import { isPinned } from "./image-place.ts";
import { type Invalid, InvalidYaml, invalid, lineAt, orInvalid } from "./yaml-documents.ts";

type Question = Pick<ManifestQuestion, "text" | "path" | "at" | "image" | "ref">;
type Wanted = Pick<ManifestQuestion, "image" | "ref">;

type FoundPlaces =
  /** `registry`: the one host that the images among the places are pulled from; undefined: there are only refs. */
  | { readonly kind: "ok"; readonly registry: string | undefined; readonly places: readonly Place[] }
  | { readonly kind: "none"; readonly file: FilePlaces }
  | Invalid;

/** What stands at the places of a file that are about the image, or the application's repository. */
export function findPlaces(question: Question): FoundPlaces {
  return orInvalid(() => {
    const { image, text } = question;
    const file = readPlaces(question);
    const places = ourPlaces(file, question, text);
    if (places.length === 0) return { kind: "none", file };
    const registries = [...new Set(places.flatMap((place) => registryOf(place, image) ?? []))];
    if (registries.length > 1) {
      const hosts = registries.join(", ");
      return invalid(`${image.repository} comes from several registries (${hosts}); name one of them in gitops.operator.image_name`);
    }
    return { kind: "ok", registry: registries[0], places };
  });
}

/** Of the image at a place; undefined: it is not ours. */
function registryOf({ names, isRef }: Place, image: ImageName): string | undefined {
  if (isRef) return undefined;
  for (const name of names) {
    const reference = parseImageReference(name);
    if (reference && matchesImage(reference, image)) return reference.registry;
  }
  return undefined;
}

export function isOurs(place: Place, { image, ref }: Wanted): boolean {
  if (place.isRef) return ref !== undefined && place.names.includes(ref.repository);
  return registryOf(place, image) !== undefined;
}

/**
 * Also where it has the wanted characters, it is not at them as long as a reader may take them for a number, or a digest is to stand there and
 * none does. Which digest stands there is not looked at: the registry may have come to tell another one of the same tag, and that was not checked.
 */
export function isAt(place: Place, question: Pick<ManifestQuestion, "tag" | "ref" | "pins">): boolean {
  return place.tag === wantedIn(place, question) && place.isText && (!question.pins || place.isRef === true || isPinned(place));
}

/** The tag, or the commit. */
export function wantedIn({ isRef }: Place, { tag, ref }: Pick<ManifestQuestion, "tag" | "ref">): string {
  return isRef && ref ? ref.commit : tag;
}

/** Throws InvalidYaml where one is ours and must not be written. */
export function ourPlaces(file: FilePlaces, wanted: Wanted, text: string): FilePlaces["places"] {
  const ours = file.places.filter((place) => isOurs(place, wanted));
  refuseSealed(ours, file.sealedAt, text);
  const odd = ours.find(({ problem }) => problem !== undefined);
  if (odd) throw new InvalidYaml(`line ${lineAt(text, odd.offset)}: ${odd.problem}`);
  return ours;
}

/** Where an image of ours is in a sealed document, or none is seen and one may be hidden there. */
function refuseSealed(ours: FilePlaces["places"], sealedAt: number | undefined, text: string): void {
  const at = ours.length === 0 ? sealedAt : ours.find(({ isSealed }) => isSealed)?.offset;
  if (at === undefined) return;
  throw new InvalidYaml(
    `line ${lineAt(text, at)}: SOPS encrypted this document, and its MAC covers what is plain too, so a changed tag would make it ` +
      "undecipherable; encrypt it with mac_only_encrypted, or keep the Secrets in a file of their own",
  );
}
