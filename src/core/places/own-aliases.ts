import type { Place } from "./format.ts";
import { InvalidYaml, lineAt } from "./yaml-documents.ts";

/** What is written at an anchor is changed wherever it is repeated, so all that repeat it have to be ours too; throws InvalidYaml. */
export function requireOwnAliases(places: readonly Place[], isWritten: (place: Place) => boolean, text: string): void {
  const ours = new Map<number, Set<number>>();
  for (const place of places.filter(isWritten)) {
    for (const { offset, aliasAt } of [place, place.digestBeside ?? place]) {
      const known = ours.get(offset) ?? new Set();
      if (aliasAt !== undefined) known.add(aliasAt);
      ours.set(offset, known);
    }
  }
  const fail = (offset: number, at: number): never => {
    const why = `line ${lineAt(text, at)} repeats this text, and is not the image's tag; write the text there itself`;
    throw new InvalidYaml(`line ${lineAt(text, offset)}: ${why}`);
  };
  for (const place of places) {
    for (const { offset, aliasAt, repeatedAt } of [place, place.digestBeside ?? place]) {
      const known = ours.get(offset);
      if (!known) continue;
      const foreign = repeatedAt.find((at) => !known.has(at));
      if (foreign !== undefined) fail(offset, foreign);
      if (!isWritten(place)) fail(offset, aliasAt ?? offset);
    }
  }
}
