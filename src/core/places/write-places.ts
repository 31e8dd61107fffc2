import { isDigest, isTag } from "../image.ts";
import type { ManifestQuestion } from "../manifest-edit.ts";
import { readPlaces } from "./file-places.ts";
import { isAt, isOurs, ourPlaces, wantedIn } from "./find-places.ts";
import type { Place } from "./format.ts";
import { isBareHex, isPinned } from "./image-place.ts";
import { requireOwnAliases } from "./own-aliases.ts";
import { isText } from "./plain-text.ts";
import type { TextScalar } from "./text-scalar.ts";
import { type Invalid, InvalidYaml, invalid, lineAt, orInvalid } from "./yaml-documents.ts";

type Written = { readonly kind: "ok"; readonly text: string } | Invalid;

/** What the scalars of a place have to hold. */
interface Wanted {
  readonly value: string;
  readonly digest: string | undefined;
}

/**
 * The text with the tag at every image that is ours and has another one, and likewise the commit at every ref. A digest there becomes the
 * given one, and with `pins` the given one is added where none is; where none is given, one behind the tag goes, and one in a key of its own stays. Every other character stays. What would be read
 * as a number is put in quotes. An anchored image is changed at its anchor.
 * That it is so is proved by reading what was written: a fault in finding is then an answer, never a wrong commit. `read`: for tests.
 */
export function writePlaces(question: ManifestQuestion, read = readPlaces): Written {
  return orInvalid(() => {
    const { text, tag, ref, digest, pins } = question;
    if (!isTag(tag)) return invalid("the wanted text is no image tag");
    if (ref !== undefined && !/^[0-9a-f]{40}$/.test(ref.commit)) return invalid("the wanted ref is no commit");
    if (digest !== undefined && !isDigest(digest)) return invalid("the registry's digest is no digest");
    if (pins && question.isUnchecked)
      return invalid("gitops.operator.digest is 'pin', and nobody tells the digest of an image that goes unchecked");
    const file = read(question);
    ourPlaces(file, question, text);
    const before = file.places.map((place) => (pins ? withRoom(place) : place));
    const after = before.map((place) => wantedAt(place, question));
    const isWritten = (place: Place) => isOurs(place, question) && !isAt(place, question);
    requireOwnAliases(before, isWritten, text);
    const edits = new Map<number, { end: number; value: string }>();
    for (const [index, place] of before.entries()) {
      const wanted = after[index];
      if (!wanted || !isWritten(place)) continue;
      addEdit(edits, place, wanted.value, text);
      if (place.digestBeside && wanted.digest !== undefined) addEdit(edits, place.digestBeside, wanted.digest, text);
    }
    let written = "";
    let end = 0;
    for (const [offset, edit] of [...edits].sort(([a], [b]) => a - b)) {
      written += text.slice(end, offset) + edit.value;
      end = edit.end;
    }
    written += text.slice(end);
    const reread = read({ ...question, text: written }).places.map((place) => (pins ? withRoom(place) : place));
    const isProven = reread.every((place, at) => isAsWanted(place, after[at]) && place.names.join() === before[at]?.names.join());
    const done = digest === undefined ? { ...question, pins: false } : question;
    const isDone = reread.every((place) => !isOurs(place, question) || isAt(place, done));
    if (reread.length !== before.length || !isProven || !isDone) {
      return invalid("the tag cannot be changed without changing something else; write the image as plain text on one line");
    }
    return { kind: "ok", text: written };
  });
}

/** The room for a digest counts as one that is empty. */
function withRoom(place: Place): Place {
  return isPinned(place) ? place : { ...place, digestBeside: place.digestRoom };
}

function isAsWanted({ value, digestBeside }: Place, wanted: Wanted | undefined): boolean {
  return value === wanted?.value && digestBeside?.value === wanted.digest;
}

function wantedAt(place: Place, question: ManifestQuestion): Wanted {
  const { digest, isUnchecked, text } = question;
  const beside = place.digestBeside?.value;
  if (!isOurs(place, question) || isAt(place, question)) return { value: place.value, digest: beside };
  const isAdded = question.pins && !place.isRef && !isPinned(place);
  if (isAdded && place.noDigest !== undefined)
    throw new InvalidYaml(`line ${lineAt(text, place.offset)}: gitops.operator.digest is 'pin', and ${place.noDigest}`);
  const isBehind = place.digest !== undefined || (isAdded && place.digestBeside === undefined);
  const newDigest = isBehind && digest !== undefined ? `@${digest}` : "";
  const value = `${place.beforeTag}${wantedIn(place, question)}${newDigest}${place.afterTag ?? ""}`;
  if (place.digestBeside === undefined || digest === undefined) {
    if (place.digestBeside && isUnchecked) throw pinned(place.digestBeside, text);
    return { value, digest: beside };
  }
  if (!isBareHex(place.digestBeside.value) && !(isAdded && place.digestRoom?.isBareHex)) return { value, digest };
  const [algorithm, hex] = digest.split(":");
  if (algorithm !== "sha256") throw new InvalidYaml(`line ${lineAt(text, place.digestBeside.offset)}: the registry's digest is no sha256`);
  return { value, digest: hex };
}

function pinned({ offset }: TextScalar, text: string): InvalidYaml {
  const why = "a digest stands beside the tag, and no image check tells the new one";
  return new InvalidYaml(`line ${lineAt(text, offset)}: ${why}; set gitops.operator.image_check to 'on', or make the digest ''`);
}

function addEdit(edits: Map<number, { end: number; value: string }>, scalar: TextScalar, wanted: string, text: string): void {
  const { value, valueAt, isPlain, offset } = scalar;
  if (wanted === value && scalar.isText) return;
  if (valueAt === undefined) {
    const why = "the image is written with escapes or over several lines; write it as plain text on one line";
    throw new InvalidYaml(`line ${lineAt(text, offset)}: ${why}`);
  }
  const written = isPlain && !isText(wanted) ? `"${wanted}"` : wanted;
  const edit = edits.get(valueAt);
  if (edit && edit.value !== written)
    throw new InvalidYaml(`line ${lineAt(text, offset)}: two formats want different texts here; name it as FILE#PATH`);
  edits.set(valueAt, { end: valueAt + value.length, value: written });
}
