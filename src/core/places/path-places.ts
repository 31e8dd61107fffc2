import { isMap, isSeq, type Node, type YAMLMap } from "yaml";
import { escapeControl } from "../../text/escape.ts";
import { formatImage, matchesImage, parseImageReference } from "../image.ts";
import type { ImageName } from "../types.ts";
import { parseValuePath, type ValueStep } from "../value-path.ts";
import type { FilePlaces } from "./file-places.ts";
import type { Place } from "./format.ts";
import { referencePlace, tagPlace, withDigestBeside } from "./image-place.ts";
import { hasFullMac } from "./manifest-objects.ts";
import type { TextScalar } from "./text-scalar.ts";
import { InvalidYaml, lineAt, readDocuments } from "./yaml-documents.ts";
import { createNodeReader, type NodeReader } from "./yaml-nodes.ts";

const maxShownLines = 5;

/** What a path has come to: a node, perhaps an alias, and the mapping that it is in. */
interface Spot {
  readonly node: Node;
  readonly parent: YAMLMap | undefined;
  readonly isSealed: boolean;
}

/** What a path leads to, in all documents: one scalar, or with `[*]` as many as there are. */
export function readPlacesAt(text: string, path: string, image: ImageName): FilePlaces {
  const parsed = parseValuePath(path);
  const named = `'#${escapeControl(path)}'`;
  if (parsed.kind === "error") throw new InvalidYaml(`${named} ${parsed.problem}`);
  const { steps } = parsed;
  const hasAll = steps.some(({ kind }) => kind === "all");
  const last = steps.at(-1);
  const key = last?.kind === "key" ? last.key : "value";
  const places: FilePlaces["places"][number][] = [];
  const others: string[] = [];
  for (const document of readDocuments(text)) {
    const read = createNodeReader(document, text);
    for (const { node, parent, isSealed } of walk(steps, read)) {
      const scalar = read.scalarOf(node);
      if (!scalar)
        throw new InvalidYaml(`line ${lineAt(text, node.range?.[0] ?? 0)}: ${named} leads to no text; write '' where there is nothing`);
      const place = placeAt(scalar, { key, image, parent, read });
      if (place) places.push({ ...place, isSealed });
      else if (hasAll) others.push(scalar.value);
      else
        throw new InvalidYaml(
          `line ${lineAt(text, scalar.offset)}: ${named} leads to neither a tag nor a reference to ${formatImage(image)}`,
        );
    }
  }
  const offsets = [...new Set(places.map(({ offset }) => offset))];
  if (!hasAll && offsets.length > 1) {
    const lines = offsets.slice(0, maxShownLines).map((offset) => lineAt(text, offset));
    const shown = `${lines.join(", ")}${offsets.length > maxShownLines ? ", …" : ""}`;
    throw new InvalidYaml(`${named} leads to ${offsets.length} places (lines ${shown}); name one of them, or write [*] for all`);
  }
  return { places, hints: [], sealedAt: undefined, holds: others, hasWorkload: false };
}

interface Where {
  readonly key: string;
  readonly image: ImageName;
  readonly parent: YAMLMap | undefined;
  readonly read: NodeReader;
}

/** A reference to the image, or a tag alone; undefined where it is neither. */
function placeAt(scalar: TextScalar, { key, image, parent, read }: Where): Place | undefined {
  const names = (text: string) => {
    const reference = parseImageReference(text);
    return reference !== undefined && matchesImage(reference, image);
  };
  const whole = referencePlace(scalar);
  const isReference = whole.names.some(names);
  if (!isReference && /[/:]/.test(scalar.value.split("@")[0] ?? "")) return undefined;
  const text = (other: string) => (parent && read.scalarAt(parent, other)?.value) || undefined;
  const registry = text("registry");
  const beside = ["repository", "image", "name"].flatMap((other) => text(other) ?? []);
  const named = beside.map((name) => (registry === undefined ? name : `${registry}/${name}`)).find(names);
  const place = isReference ? whole : tagPlace([named ?? formatImage(image)], scalar, key);
  const digest = (all: Place, other: string) => withDigestBeside(all, parent && read.scalarAt(parent, other), other);
  return ["digest", "sha"].filter((other) => other !== key).reduce(digest, place);
}

function* walk(steps: readonly ValueStep[], read: NodeReader): Generator<Spot> {
  if (!read.root) return;
  let spots: readonly Spot[] = [{ node: read.root, parent: undefined, isSealed: false }];
  for (const step of steps) {
    const next = new Map<Node, Spot>();
    for (const spot of spots) {
      for (const found of follow(spot, step, read)) next.set(found.node, found);
    }
    spots = [...next.values()];
  }
  yield* spots;
}

function follow({ node: raw, isSealed: isAbove }: Spot, step: ValueStep, read: NodeReader): Spot[] {
  const node = read.follow(raw);
  const isSealed = isAbove || (isMap(node) && hasFullMac(node, read));
  const spots = (nodes: readonly unknown[], parent?: YAMLMap) =>
    nodes.flatMap((found) => (found ? [{ node: found as Node, parent, isSealed }] : []));
  if (step.kind === "key") return isMap(node) ? spots([read.find(node, step.key)], node) : [];
  if (step.kind === "all" && isMap(node))
    return spots(
      [...read.ownKeys(node).values()].map(([key]) => key?.value),
      node,
    );
  if (!isSeq(node)) return [];
  if (step.kind === "index") return spots([node.items[step.index]]);
  if (step.kind === "all") return spots(node.items);
  return spots(
    node.items.filter((item) => {
      const map = read.follow(item);
      return isMap(map) && read.scalarAt(map, step.key)?.value === step.value;
    }),
  );
}
