import { matchesImage, parseImageReference } from "../image.ts";
import type { ImageName } from "../types.ts";
import { type FilePlaces, readPlaces } from "./file-places.ts";
import type { Place } from "./format.ts";
import { type Invalid, InvalidYaml, invalid, lineAt, orInvalid } from "./yaml-documents.ts";

const maxShown = 20;
const maxShownLength = 300;

type OurImage = NonNullable<ReturnType<typeof oursIn>>;

type FoundPlaces =
  /** All of one registry: the host that they are pulled from, for a target that names none. */
  | { readonly kind: "ok"; readonly ours: readonly [OurImage, ...OurImage[]] }
  /** Nothing is ours; `images` are those that are there, each once, as far as a message can name them; `instead`: no format knows it, in words. */
  | { readonly kind: "none"; readonly images: readonly string[]; readonly instead?: readonly string[] }
  | Invalid;

/** What stands at the places of a file that are about the image. */
export function findPlaces(text: string, image: ImageName): FoundPlaces {
  return orInvalid(() => {
    const found = readPlaces(text);
    refuseSealed(found, image, text);
    const ours = found.places.flatMap((place) => oursIn(place, image) ?? []);
    const [first, ...rest] = ours;
    if (first === undefined) {
      const instead = found.hasFormat ? {} : { instead: found.others };
      return { kind: "none", images: forMessage(found.places), ...instead };
    }
    const registries = new Set(ours.map(({ registry }) => registry));
    if (registries.size > 1) {
      const hosts = [...registries].join(", ");
      return invalid(`${image.repository} comes from several registries (${hosts}); name one of them in gitops.operator.image_name`);
    }
    return { kind: "ok", ours: [first, ...rest] };
  });
}

/** What stands at a place, where it is ours. */
export function oursIn(place: Place, image: ImageName) {
  const reference = parseImageReference(place.image);
  return reference && matchesImage(reference, image) ? reference : undefined;
}

/** Where an image of ours is in a sealed document, or none is seen and one may be hidden there. */
export function refuseSealed({ places, sealedAt }: FilePlaces, image: ImageName, text: string): void {
  const ours = places.filter((place) => oursIn(place, image));
  const at = ours.length === 0 ? sealedAt : ours.find(({ isSealed }) => isSealed)?.offset;
  if (at === undefined) return;
  throw new InvalidYaml(
    `line ${lineAt(text, at)}: SOPS encrypted this document, and its MAC covers what is plain too, so a changed tag would make it ` +
      "undecipherable; encrypt it with mac_only_encrypted, or leave the Deployment plain and encrypt its Secrets alone",
  );
}

function forMessage(found: readonly Place[]): string[] {
  const images = [...new Set(found.map(({ image }) => image.slice(0, maxShownLength)))];
  return images.length > maxShown ? [...images.slice(0, maxShown), `${images.length - maxShown} more`] : images;
}
