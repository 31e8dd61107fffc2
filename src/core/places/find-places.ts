import { matchesImage, parseImageReference } from "../image.ts";
import type { ManifestQuestion } from "../manifest-edit.ts";
import type { ImageName } from "../types.ts";
import { type FilePlaces, readPlaces } from "./file-places.ts";
import type { Place } from "./format.ts";
import { type Invalid, InvalidYaml, invalid, lineAt, orInvalid } from "./yaml-documents.ts";

type Question = Pick<ManifestQuestion, "text" | "path" | "at" | "image">;

interface OurImage {
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

type FoundPlaces =
  /** All of one registry: the host that they are pulled from, for a target that names none. */
  | { readonly kind: "ok"; readonly ours: readonly [OurImage, ...OurImage[]]; readonly places: readonly Place[] }
  | { readonly kind: "none"; readonly file: FilePlaces }
  | Invalid;

/** What stands at the places of a file that are about the image. */
export function findPlaces(question: Question): FoundPlaces {
  return orInvalid(() => {
    const { image, text } = question;
    const file = readPlaces(question);
    const places = ourPlaces(file, image, text);
    const ours = places.flatMap((place) => oursIn(place, image) ?? []);
    const [first, ...rest] = ours;
    if (first === undefined) return { kind: "none", file };
    const registries = new Set(ours.map(({ registry }) => registry));
    if (registries.size > 1) {
      const hosts = [...registries].join(", ");
      return invalid(`${image.repository} comes from several registries (${hosts}); name one of them in gitops.operator.image_name`);
    }
    return { kind: "ok", ours: [first, ...rest], places };
  });
}

/** What stands at a place, where it is ours. */
export function oursIn({ names, tag, digest }: Place, image: ImageName): OurImage | undefined {
  for (const name of names) {
    const reference = parseImageReference(name);
    if (!reference || !matchesImage(reference, image)) continue;
    const { registry, repository } = reference;
    return { registry, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
  }
  return undefined;
}

/** Also where it has the wanted tag's characters, it is not at it as long as a reader may take them for a number. */
export function isAt({ tag, isText }: Place, wanted: string): boolean {
  return tag === wanted && isText;
}

/** Throws InvalidYaml where one is ours and must not be written. */
export function ourPlaces(file: FilePlaces, image: ImageName, text: string): FilePlaces["places"] {
  const ours = file.places.filter((place) => oursIn(place, image));
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
