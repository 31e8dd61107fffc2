import type { Document } from "yaml";
import { InvalidYaml, readDocuments } from "./yaml-documents.ts";

/** As in `readDocuments`; the library counts what aliases multiply to. */
const maxAliasCount = 100;

/** The documents as plain objects, as kubectl reads them (YAML 1.1: `yes` is true); within the limits of `readDocuments`. Throws InvalidYaml. */
export function readYamlObjects(text: string): unknown[] {
  return readDocuments(text, "yaml-1.1").map(toObject).toArray();
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
