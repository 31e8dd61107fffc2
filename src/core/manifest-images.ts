import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Node, type Scalar, visit, type YAMLMap } from "yaml";
import { rememberTexts } from "./remember-texts.ts";
import { InvalidYaml, lineAt, readDocuments } from "./yaml-documents.ts";

/** The scalar that gives a container its image; the same one several times when an alias or a merge brings it. */
export interface ImageScalar {
  readonly value: string;
  /** As in the text, with quotes. */
  readonly source: string;
  readonly offset: number;
  readonly style: Scalar.Type | undefined;
}

/** Steps along aliases and merges, which multiply in each other; a file written by people takes a few per container. */
const maxSteps = 1000;

/** Characters of manifests: a pass without news parses none again. */
const MOST_REMEMBERED = 4 * 2 ** 20;

/**
 * The images of the containers, then the initContainers, of every apps/v1 Deployment: a document, or an item of a `kind: List`, which is how
 * kubectl reads it. Aliases and merge keys are followed to the scalar that they repeat. Throws InvalidYaml, also where a Deployment is odd
 * enough that an image could be overlooked.
 */
export const findImages = rememberTexts(
  (text): readonly ImageScalar[] =>
    readDocuments(text)
      .flatMap((document) => imagesOf(document, text))
      .toArray(),
  MOST_REMEMBERED,
);

function imagesOf(document: Document.Parsed, text: string): ImageScalar[] {
  let steps = 0;
  let targets: Map<Alias, Node> | undefined;

  const fail = (node: Node, reason: string): never => {
    throw new InvalidYaml(`line ${lineAt(text, node.range?.[0] ?? 0)}: ${reason}`);
  };
  const step = (node: Node) => {
    steps += 1;
    if (steps > maxSteps) fail(node, "aliases and merge keys multiply without end");
  };
  const follow = (node: unknown): Node | undefined => {
    if (!isAlias(node)) return (node ?? undefined) as Node | undefined;
    step(node);
    targets ??= aliasTargets(document);
    return targets.get(node) ?? fail(node, `alias *${node.source} has no anchor before it`);
  };
  const get = (map: YAMLMap, key: string): Node | undefined => {
    const pairs = map.items.filter((pair) => isScalar(pair.key) && pair.key.value === key);
    if (pairs.length > 1) fail(map, `key '${key}' is there twice in the mapping that begins here`);
    if (pairs[0]) return follow(pairs[0].value);
    for (const pair of map.items) {
      if (!isScalar(pair.key) || pair.key.value !== "<<" || pair.key.type !== "PLAIN") continue;
      const merged = follow(pair.value);
      for (const item of isSeq(merged) ? merged.items : [merged]) {
        step(map);
        const source = follow(item);
        const found = isMap(source) ? get(source, key) : undefined;
        if (found) return found;
      }
    }
    return undefined;
  };
  const getText = (map: YAMLMap, key: string): string | undefined => {
    const node = get(map, key);
    return isScalar(node) ? String(node.value) : undefined;
  };
  const getMap = (map: YAMLMap | undefined, key: string): YAMLMap | undefined => {
    const node = map && get(map, key);
    if (node === undefined || isEmpty(node)) return undefined;
    return isMap(node) ? node : fail(node, `'${key}' of a Deployment is no mapping`);
  };
  const getItems = (map: YAMLMap | undefined, key: string): YAMLMap[] => {
    const node = map && get(map, key);
    if (node === undefined || isEmpty(node)) return [];
    if (!isSeq(node)) return fail(node, `'${key}' is no list`);
    return node.items.map((item) => {
      const target = follow(item);
      return isMap(target) ? target : fail(target ?? node, `an item of '${key}' is no mapping`);
    });
  };
  const isKind = (map: YAMLMap, apiVersion: string, kind: string) =>
    getText(map, "kind") === kind && getText(map, "apiVersion") === apiVersion;

  const root = document.contents;
  if (!isMap(root)) return [];
  const objects = isKind(root, "v1", "List") ? getItems(root, "items") : [root];
  return objects
    .filter((object) => isKind(object, "apps/v1", "Deployment"))
    .flatMap((deployment) => {
      const pod = getMap(getMap(getMap(deployment, "spec"), "template"), "spec");
      return [...getItems(pod, "containers"), ...getItems(pod, "initContainers")];
    })
    .flatMap((container) => {
      const node = get(container, "image");
      if (node === undefined || isEmpty(node)) return [];
      if (!isScalar(node) || !node.range) return fail(node, "'image' of a container is no text");
      if (node.tag !== undefined && node.tag !== "tag:yaml.org,2002:str")
        return fail(node, "'image' of a container has a YAML tag; remove the tag");
      const [start, end] = node.range;
      return [{ value: String(node.value), source: text.slice(start, end), offset: start, style: node.type }];
    });
}

/** What each alias repeats: the last node before it with that anchor. */
function aliasTargets(document: Document.Parsed): Map<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node(_key, node) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
        return;
      }
      const target = anchors.get(node.source);
      if (target) targets.set(node, target);
    },
  });
  return targets;
}

function isEmpty(node: Node): boolean {
  return isScalar(node) && node.type === "PLAIN" && ["", "~", "null"].includes(String(node.value));
}
