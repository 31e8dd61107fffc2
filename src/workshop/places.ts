import { hash } from "node:crypto";
import type { ManifestEdit, ManifestQuestion } from "../core/manifest-edit.ts";
import { editManifest } from "../core/places/edit-manifest.ts";
import type { Places } from "../core/ports.ts";
import { formatRepository } from "../core/repository.ts";
import { createBoundedMap } from "../sharing/bounded-map.ts";
import { dataBytes } from "../sharing/data-bytes.ts";
import type { Workshop } from "./workshop.ts";

/**
 * A text up to this is edited at once: one written by people takes about 1 ms of a 3 GHz processor, the worst that was found 10 ms
 * (`"` and line breaks in turn). A larger one costs the main thread 0.1 ms, and now and then the start of a thread.
 */
const INLINE_CHARACTERS = 4_096;
/** Bytes of questions about larger texts whose answer was that nothing is to be done: a pass without news asks no thread. */
const MOST_REMEMBERED = 4 * 2 ** 20;

export function createPlaces(workshop: Workshop): Places {
  const upToDate = createBoundedMap<ManifestEdit>(MOST_REMEMBERED, dataBytes);

  return {
    async edit(question, { namespace, manifestRepository }, signal) {
      if (question.text.length <= INLINE_CHARACTERS) return editManifest(question);
      const id = idOf(question);
      const known = upToDate.get(id);
      if (known) return known;
      const what = `${question.path} of ${formatRepository(manifestRepository)}`;
      const remedy = "check the file, and give each Deployment a small one of its own";
      const edit = await workshop.run("editManifest", question, { namespace, what, remedy, signal });
      if (edit.kind === "up_to_date") upToDate.set(id, edit, namespace);
      return edit;
    },
  };
}

/** Not the text itself, which is large. */
function idOf({ text, path, at, image, tag, ref }: ManifestQuestion): string {
  return JSON.stringify([hash("sha256", text), path, at, image.registry, image.repository, tag, ref?.repository, ref?.commit]);
}
