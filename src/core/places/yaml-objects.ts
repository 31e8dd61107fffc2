import { type Document, isMap, isScalar, isSeq, type Node } from "yaml";
import { InvalidYaml, readDocuments } from "./yaml-documents.ts";

/** As in `readDocuments`; the library counts what aliases multiply to. */
const maxAliasCount = 100;

interface YamlObject {
  readonly value: unknown;
  /**
   * Where the key or item at the end of the path begins, counted in the text's characters from 0. Of what is not written out there (behind an
   * alias, or missing) the nearest above it that is.
   */
  offsetOf(path: readonly (string | number)[]): number;
}

/** The documents as plain objects, as kubectl reads them (YAML 1.1: `yes` is true); within the limits of `readDocuments`. Throws InvalidYaml. */
export function readYamlObjects(text: string): YamlObject[] {
  return readDocuments(text, "yaml-1.1")
    .map((document) => ({ value: toObject(document), offsetOf: (path: readonly (string | number)[]) => offsetIn(document, path) }))
    .toArray();
}

function toObject(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount });
  } catch (error) {
    // An alias without its anchor, or too much of aliases; the library's words quote the text.
    throw new InvalidYaml(
      error instanceof ReferenceError ? "an alias has no anchor before it, or aliases multiply without end" : "it is too complex",
    );
  }
}

function offsetIn(document: Document.Parsed, path: readonly (string | number)[]): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? document.range[0];
  for (const step of path) {
    // Of keys that are repeated the last counts.
    const pair = isMap(node) ? node.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(step)) : undefined;
    const found = pair?.key ?? (isSeq(node) && typeof step === "number" ? node.items[step] : undefined);
    const at = (found as Node | undefined)?.range?.[0];
    if (at === undefined) return offset;
    offset = at;
    node = pair ? pair.value : found;
  }
  return offset;
}
