import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from "yaml";
import { unprintable } from "../../text/escape.ts";
import { matchesImage, parseImageReference } from "../image.ts";
import type { ManifestQuestion } from "../manifest-edit.ts";
import type { ImageName } from "../types.ts";
import { readPlacesAt } from "./path-places.ts";
import { orInvalid, readDocuments } from "./yaml-documents.ts";

/** An image of ours where no format looks for one. */
export interface UnseenImage {
  readonly offset: number;
  /** What names the value behind `#`; undefined: nothing names it alone, or it is a part of a text. */
  readonly at: string | undefined;
}

/** A value below the root, and what leads to it. */
interface Spot {
  readonly node: Node;
  readonly path: string;
}

/** To try a path costs as much as to read the file. */
const mostTried = 3;
/** A path that is longer is not tried. */
const maxPathCharacters = 256;

/** The first that `#` can name, else the first; aliases are not followed. The work is linear: most files that have nothing of ours do not have its name at all. */
export function findUnseen({ text, image }: Pick<ManifestQuestion, "text" | "image">): UnseenImage | undefined {
  if (!text.includes(lastPart(image))) return undefined;
  const found = orInvalid(() => {
    const first: UnseenImage[] = [];
    let tried = 0;
    for (const document of readDocuments(text)) {
      for (const spot of spotsBelow(document.contents as Node | null)) {
        const named = namedIn(spot, image);
        if (!named) continue;
        const offset = named.node.range?.[0] ?? 0;
        if (first.length === 0) first.push({ offset, at: undefined });
        if (named.isPart || tried === mostTried) continue;
        tried += 1;
        if (leadsTo(named.path, offset, text, image)) return { kind: "found", unseen: { offset, at: named.path } } as const;
      }
    }
    return { kind: "found", unseen: first[0] } as const;
  });
  return found.kind === "found" ? found.unseen : undefined;
}

function lastPart({ repository }: ImageName): string {
  return repository.slice(repository.lastIndexOf("/") + 1);
}

function* spotsBelow(root: Node | null): Generator<Spot> {
  const waiting: Spot[] = root ? [{ node: root, path: "" }] : [];
  for (let spot = waiting.pop(); spot; spot = waiting.pop()) {
    yield spot;
    const { node, path } = spot;
    const below = isMap(node)
      ? fieldsOf(node).map(({ key, value }) => ({ node: value, path: `${path}${path && "."}${escapeKey(key)}` }))
      : [];
    if (isSeq(node)) for (const [at, item] of node.items.entries()) if (item) below.push({ node: item as Node, path: `${path}[${at}]` });
    for (let at = below.length - 1; at >= 0; at--) waiting.push(below[at] as Spot);
  }
}

function fieldsOf(map: YAMLMap): { key: string; value: Node }[] {
  return map.items.flatMap(({ key, value }) => (isScalar(key) && value ? { key: String(key.value), value: value as Node } : []));
}

function escapeKey(key: string): string {
  return key.replace(/[\\.[]/g, "\\$&");
}

/** The scalar that holds the image's tag: a reference, the tag beside its name, or a text with a reference in it. */
function namedIn({ node, path }: Spot, image: ImageName): (Spot & { readonly isPart: boolean }) | undefined {
  if (isScalar(node)) return inScalar(node, path, image);
  if (!isMap(node)) return undefined;
  const fields = new Map(fieldsOf(node).map(({ key, value }) => [key, value]));
  const tagKey = ["tag", "imageTag"].find((key) => isScalar(fields.get(key)));
  if (tagKey === undefined) return undefined;
  const textAt = (key: string) => {
    const value = fields.get(key);
    return isScalar(value) ? String(value.value) : "";
  };
  const registry = textAt("registry");
  const isNamed = ["repository", "image", "name"].some((key) => isOurs(`${registry}${registry && "/"}${textAt(key)}`, image));
  return isNamed ? { node: fields.get(tagKey) as Node, path: `${path}${path && "."}${tagKey}`, isPart: false } : undefined;
}

function inScalar(node: Scalar, path: string, image: ImageName): (Spot & { readonly isPart: boolean }) | undefined {
  const value = String(node.value);
  if (!value.includes(lastPart(image))) return undefined;
  const hasTag = (text: string) => parseImageReference(text)?.tag !== undefined && isOurs(text, image);
  if (hasTag(value) || (/image$/i.test(path) && isOurs(value, image))) return { node, path, isPart: false };
  return value.split(/[\s"',{}=]+/).some(hasTag) ? { node, path, isPart: true } : undefined;
}

function isOurs(text: string, image: ImageName): boolean {
  const reference = parseImageReference(text);
  return reference !== undefined && matchesImage(reference, image);
}

/** As the annotation can have it, and to nothing but that. */
function leadsTo(path: string, offset: number, text: string, image: ImageName): boolean {
  if (path.length > maxPathCharacters || /[,\n]/.test(path) || path !== path.trim() || unprintable.test(path)) return false;
  const found = orInvalid(() => ({ kind: "ok", ...readPlacesAt(text, path, image) }) as const);
  const [place, ...others] = found.kind === "ok" ? found.places : [];
  return place?.offset === offset && others.length === 0 && !place.isSealed && place.problem === undefined;
}
