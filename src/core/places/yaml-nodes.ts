import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Node, type ParsedNode, type YAMLMap, type YAMLSeq } from "yaml";
import { findAliasTargets } from "./alias-targets.ts";
import { indexKeys, type KeyIndex } from "./key-index.ts";
import { isEmpty, oddTag, type TextScalar, textScalar } from "./text-scalar.ts";
import { InvalidYaml, lineAt } from "./yaml-documents.ts";

/** Steps along aliases and merges, which multiply in each other; a file written by people takes a few per container. */
const maxSteps = 4000;
/** How often one merge key leads to the next: each time the call stack grows. People write a few. */
const maxMergeDepth = 100;
/** A list is gone through so often for nothing; more often only by aliases, and each item then is a step. */
const freeReadings = 4;

export type NodeReader = ReturnType<typeof createNodeReader>;

/** A document's nodes, aliases and merge keys followed. What is odd enough that a value could be overlooked throws InvalidYaml. */
export function createNodeReader(document: Document.Parsed<ParsedNode>, text: string) {
  let steps = 0;
  const indexes = new Map<YAMLMap, KeyIndex>();
  const readings = new Map<YAMLSeq, number>();

  const fail = (node: Node, reason: string): never => {
    throw new InvalidYaml(`line ${lineAt(text, node.range?.[0] ?? 0)}: ${reason}`);
  };
  const step = (node: Node, count = 1) => {
    steps += count;
    if (steps > maxSteps) fail(node, "aliases and merge keys multiply without end");
  };
  const missing = (alias: Alias): never => fail(alias, `alias *${alias.source} has no anchor before it`);
  const aliases = findAliasTargets(document, missing);
  const follow = (node: unknown): Node | undefined => {
    if (!isAlias(node)) return (node ?? undefined) as Node | undefined;
    step(node);
    return aliases.targetOf(node);
  };
  const itemsOf = (list: YAMLSeq): readonly unknown[] => {
    const count = (readings.get(list) ?? 0) + 1;
    readings.set(list, count);
    if (count > freeReadings) step(list, list.items.length);
    return list.items;
  };
  const keysOf = (map: YAMLMap): KeyIndex => {
    const index = indexes.get(map) ?? indexKeys(map, aliases.targetOf, fail);
    indexes.set(map, index);
    return index;
  };

  const getMerged = (map: YAMLMap, value: unknown, key: string, depth: number): Node | undefined => {
    if (depth === maxMergeDepth) fail(map, `merge keys lead from one to the next more than ${maxMergeDepth} times`);
    const merged = follow(value);
    for (const item of isSeq(merged) ? merged.items : [merged]) {
      step(map);
      const source = follow(item);
      const found = isMap(source) ? find(source, key, depth + 1) : undefined;
      if (found) return found;
    }
    return undefined;
  };
  /** What stands behind a key, perhaps an alias. */
  const find = (map: YAMLMap, key: string, depth = 0): Node | undefined => {
    const { named, merges } = keysOf(map);
    const own = named.get(key) ?? [];
    for (const { isAliased, node } of own) {
      if (isAliased) fail(node, `key '${key}' is written as an alias; write the key itself`);
      if (oddTag(node) !== undefined) fail(node, `key '${key}' has a YAML tag; remove the tag`);
    }
    if (own.length > 1) fail(map, `key '${key}' is there twice in the mapping that begins here`);
    let merged: Node | undefined;
    for (const { isAliased, node, value, at } of merges) {
      if (isAliased) fail(node, "key '<<' is written as an alias; write the key itself");
      if (node.tag !== undefined) fail(node, "key '<<' has a YAML tag; remove the tag");
      const found = getMerged(map, value, key, depth);
      // Some readers let the last one win, others the mapping's own key; in front of that key all agree.
      if (found && (merged || own.some((pair) => pair.at < at)))
        fail(node, `'<<' brings a second '${key}'; write one '<<', in front of the mapping's own keys`);
      merged ??= found;
    }
    return own[0] ? own[0].value : merged;
  };
  const get = (map: YAMLMap, key: string): Node | undefined => follow(find(map, key));
  const scalarOf = (raw: Node | undefined): TextScalar | undefined => {
    const node = follow(raw);
    if (!isScalar(node) || isEmpty(node) || oddTag(node) !== undefined) return undefined;
    return textScalar(node, text, { aliasAt: isAlias(raw) ? raw.range?.[0] : undefined, repeatedAt: aliases.repeatsOf(node) });
  };

  return {
    root: document.contents as Node | null,
    get,
    find: (map: YAMLMap, key: string): Node | undefined => find(map, key),
    follow,
    /** Whether the key is there, if only with nothing behind it. */
    has: (map: YAMLMap, key: string): boolean => find(map, key) !== undefined || keysOf(map).named.has(key),
    /** Undefined also where the value is no scalar. */
    getText(map: YAMLMap, key: string): string | undefined {
      const node = get(map, key);
      if (!isScalar(node)) return undefined;
      return oddTag(node) === undefined ? String(node.value) : fail(node, `'${key}' has a YAML tag; remove the tag`);
    },
    /** Undefined where there is nothing; throws for what is no text. `owner`: in words. */
    getScalar(map: YAMLMap, key: string, owner: string): TextScalar | undefined {
      const raw = find(map, key);
      const node = follow(raw);
      if (node === undefined || isEmpty(node)) return undefined;
      if (!isScalar(node) || !node.range) return fail(node, `'${key}' of ${owner} is no text`);
      if (oddTag(node) !== undefined) return fail(node, `'${key}' of ${owner} has a YAML tag; remove the tag`);
      return scalarOf(raw);
    },
    /** Undefined where there is no text. */
    scalarOf,
    scalarAt: (map: YAMLMap, key: string): TextScalar | undefined => scalarOf(find(map, key)),
    /** Undefined where there is nothing; throws for what is no mapping. */
    getMap(map: YAMLMap | undefined, key: string): YAMLMap | undefined {
      const node = map && get(map, key);
      if (node === undefined || isEmpty(node)) return undefined;
      return isMap(node) ? node : fail(node, `'${key}' of a Deployment is no mapping`);
    },
    /** Undefined where there is no mapping. */
    mapAt(map: YAMLMap | undefined, key: string): YAMLMap | undefined {
      const node = map && get(map, key);
      return isMap(node) ? node : undefined;
    },
    /** Empty where there is nothing; throws for what is no list of mappings. */
    getItems(map: YAMLMap | undefined, key: string): YAMLMap[] {
      const node = map && get(map, key);
      if (node === undefined || isEmpty(node)) return [];
      if (!isSeq(node)) return fail(node, `'${key}' is no list`);
      return itemsOf(node).map((item) => {
        const target = follow(item);
        return isMap(target) ? target : fail(target ?? node, `an item of '${key}' is no mapping`);
      });
    },
    /** The mappings in a list; empty where there is no list. */
    mapsAt(map: YAMLMap | undefined, key: string): YAMLMap[] {
      const node = map && get(map, key);
      return isSeq(node) ? itemsOf(node).map(follow).filter(isMap) : [];
    },
    /** The texts in a list; empty where there is no list. */
    scalarsAt(map: YAMLMap | undefined, key: string): TextScalar[] {
      const node = map && get(map, key);
      return isSeq(node) ? itemsOf(node).flatMap((item) => scalarOf(item as Node) ?? []) : [];
    },
    /** All mappings below a node and itself, each once, in the file's order; none that was `seen` before. */
    *mapsBelow(root: Node | undefined, seen = new Set<object>()): Generator<YAMLMap> {
      const waiting: unknown[] = [root];
      while (waiting.length > 0) {
        const node = follow(waiting.pop());
        if (node === undefined || seen.has(node) || isScalar(node)) continue;
        seen.add(node);
        if (isMap(node)) yield node;
        const children = isMap(node) ? node.items.map(({ value }) => value) : isSeq(node) ? node.items : [];
        for (let at = children.length - 1; at >= 0; at--) waiting.push(children[at]);
      }
    },
    /** The keys that a mapping has by itself, each with what stands behind it. */
    ownKeys: (map: YAMLMap) => keysOf(map).named,
    fail,
  };
}
