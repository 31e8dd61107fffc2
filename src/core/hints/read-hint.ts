/** An event's body, already proved and already JSON, becomes a hint: the shapes of all senders, tried in turn. Never throws. */
import type { Hint } from "./hint.ts";
import { imageShapes } from "./image-shapes.ts";
import { repositoryShapes } from "./repository-shapes.ts";

/** In this order: where an event names a repository and an image, the image counts. */
const shapes = [...imageShapes, ...repositoryShapes];

/** `body`: undefined where there is none. */
export function readHint(body: unknown): Hint {
  if (body === undefined || isEmpty(body)) return { about: "all", kind: "other" };
  for (const read of shapes) {
    const hint = read(body);
    if (hint) return hint;
  }
  return { about: "nothing", kind: "other", why: "the event is of no kind that is known here" };
}

function isEmpty(body: unknown): boolean {
  return typeof body === "object" && body !== null && !Array.isArray(body) && Object.keys(body).length === 0;
}
