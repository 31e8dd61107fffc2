import type { ManifestQuestion } from "../manifest-edit.ts";
import { readPlaces } from "./file-places.ts";
import { isOurs } from "./find-places.ts";
import { listed } from "./why-none.ts";

const maxShownLines = 10;

/** What a file is read as, and where in it what is ours stands; of a file that can be read. */
export function describePlaces(question: ManifestQuestion): string {
  const { path, at, text } = question;
  const { places, holds } = readPlaces(question);
  const ours = new Set(places.filter((place) => isOurs(place, question)).map(({ offset }) => offset));
  const count = ours.size === 0 ? "no place in it is ours" : ours.size === 1 ? "1 place is ours" : `${ours.size} places are ours`;
  return `${at === undefined ? `${path} ${listed(holds)}` : `${path}#${at}`}: ${count}${lines(text, [...ours])}`;
}

function lines(text: string, offsets: readonly number[]): string {
  let line = 1;
  let at = 0;
  const found = new Set<number>();
  for (const offset of offsets.toSorted((a, b) => a - b)) {
    for (let next = text.indexOf("\n", at); next >= 0 && next < offset; next = text.indexOf("\n", at)) {
      line += 1;
      at = next + 1;
    }
    found.add(line);
  }
  const shown = [...found].slice(0, maxShownLines);
  if (shown.length === 0) return "";
  return ` (line${found.size === 1 ? "" : "s"} ${shown.join(", ")}${found.size > shown.length ? ", …" : ""})`;
}
