import { isDigest, isTag, parseImageReference, splitImage } from "../image.ts";
import type { Place } from "./format.ts";
import type { TextScalar } from "./text-scalar.ts";

const templateProblem = "a template stands where the tag is, and what fills it in is not seen here; write the tag itself";

/** Of Helm and its like, or of Flux and the shell. */
const template = /\{\{|\$\{/;

/** A scalar that holds the image with its tag; `before`: what stands in front of it, as `name=`. */
export function referencePlace(scalar: TextScalar, before = ""): Place {
  const shown = scalar.value.slice(before.length);
  const cut = shown.search(template);
  const { name, tag, digest } = splitImage(cut < 0 ? shown : shown.slice(0, cut));
  const isTemplate = cut >= 0 && (tag !== undefined || digest !== undefined);
  const isKnown = isTemplate || parseImageReference(shown) !== undefined;
  return {
    ...{ ...scalar, shown, names: isKnown ? [name] : [], tag, digest, beforeTag: `${before}${name}:` },
    problem: isTemplate ? templateProblem : undefined,
  };
}

/** A scalar that holds the tag alone, perhaps with a digest; `key`: how it is called. */
export function tagPlace(names: readonly string[], scalar: TextScalar, key: string): Place {
  const { value } = scalar;
  const [tag = "", ...rest] = value.split("@");
  const digest = rest.length > 0 ? rest.join("@") : undefined;
  const isOdd = value !== "" && !(isTag(tag) && (digest === undefined || isDigest(digest)));
  const oddProblem = template.test(value) ? templateProblem : `'${key}' holds no image tag; write one, or ${key}: ''`;
  return {
    ...{ ...scalar, shown: `${names[0] ?? ""}${value === "" ? "" : `:${value}`}`, names, beforeTag: "", digest },
    ...{ tag: tag === "" ? undefined : tag, problem: isOdd ? oddProblem : undefined },
  };
}

/** With the digest that stands in a key of its own beside the tag, where it does, or the room for one. */
export function withDigestBeside(place: Place, beside: TextScalar | undefined, key: string): Place {
  if (beside === undefined) return place;
  if (beside.value === "") {
    // Charts that call it `sha` write `sha256:` themselves.
    if (place.digestRoom === undefined) return { ...place, digestRoom: { ...beside, isBareHex: key === "sha" } };
    return { ...place, noDigest: `two keys beside the tag are for a digest; remove ${key}: ''` };
  }
  const { value } = beside;
  if (isDigest(value) || isBareHex(value)) {
    if (place.digestBeside === undefined) return { ...place, digestBeside: beside };
    return { ...place, problem: place.problem ?? `two keys beside the tag hold a digest; write ${key}: ''` };
  }
  // A commit's SHA, which no runtime reads.
  if (key === "sha" && /^[0-9a-f]{7,40}$/.test(value)) return place;
  return { ...place, problem: place.problem ?? `'${key}' beside the tag holds no digest; write ${key}: ''` };
}

/** Who reads it may want the tag alone, as for a label: a digest goes only where there is room for one. */
export function withRoomAlone(place: Place, remedy: string): Place {
  if (place.digestRoom !== undefined) return place;
  return {
    ...place,
    noDigest: `nothing beside the tag is for a digest; ${remedy}, or name the tag as FILE#PATH to have it behind the tag`,
  };
}

/** Whether a digest says which image it is. */
export function isPinned({ digest, digestBeside }: Pick<Place, "digest" | "digestBeside">): boolean {
  return digest !== undefined || (digestBeside?.value ?? "") !== "";
}

export function isBareHex(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
