import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type ParsedNode,
  type Scalar,
  visit,
  type YAMLMap,
} from "yaml";
import { InvalidYaml, lineAt } from "./yaml-documents.ts";

/** Steps along aliases and merges, which multiply in each other; a file written by people takes a few per container. */
const maxSteps = 2000;

const textTag = "tag:yaml.org,2002:str";

/** A scalar and where it stands. */
export interface TextScalar {
  readonly value: string;
  /** Where it begins in the text, with its quotes. */
  readonly offset: number;
  /** Where the value's characters begin that stand in the text one for one, which they do not in escapes, folded lines and blocks. */
  readonly valueAt: number | undefined;
}

export type NodeReader = ReturnType<typeof createNodeReader>;

/** A document's nodes, aliases and merge keys followed. What is odd enough that a value could be overlooked throws InvalidYaml. */
export function createNodeReader(document: Document.Parsed<ParsedNode>, text: string) {
  let steps = 0;

  const fail = (node: Node, reason: string): never => {
    throw new InvalidYaml(`line ${lineAt(text, node.range?.[0] ?? 0)}: ${reason}`);
  };
  const step = (node: Node) => {
    steps += 1;
    if (steps > maxSteps) fail(node, "aliases and merge keys multiply without end");
  };
  const missing = (alias: Alias): never => fail(alias, `alias *${alias.source} has no anchor before it`);
  const targets = aliasTargets(document, missing);
  const follow = (node: unknown): Node | undefined => {
    if (!isAlias(node)) return (node ?? undefined) as Node | undefined;
    step(node);
    return targets.get(node) ?? missing(node);
  };

  /** Whether a key of a mapping is the one, or `<<`; it has to be written as such, for readers differ on anything else. */
  const keyAs = (key: unknown, wanted: string): "wanted" | "merge" | undefined => {
    const scalar = follow(key);
    if (!isScalar(scalar)) return undefined;
    const name = scalar.source;
    const isMerge = name === "<<" && scalar.type === "PLAIN";
    const tag = oddTag(scalar);
    if (tag === "tag:yaml.org,2002:binary") return fail(key as Node, "a key has the YAML tag !!binary; write the key itself");
    if (name !== wanted && !isMerge) return undefined;
    if (isAlias(key)) return fail(key, `key '${name}' is written as an alias; write the key itself`);
    if (tag !== undefined || (isMerge && scalar.tag !== undefined)) return fail(scalar, `key '${name}' has a YAML tag; remove the tag`);
    return isMerge ? "merge" : "wanted";
  };
  const getMerged = (map: YAMLMap, value: unknown, key: string): Node | undefined => {
    const merged = follow(value);
    for (const item of isSeq(merged) ? merged.items : [merged]) {
      step(map);
      const source = follow(item);
      const found = isMap(source) ? get(source, key) : undefined;
      if (found) return found;
    }
    return undefined;
  };
  const get = (map: YAMLMap, key: string): Node | undefined => {
    let own: { readonly value: Node | undefined } | undefined;
    let merged: Node | undefined;
    for (const pair of map.items) {
      const is = keyAs(pair.key, key);
      if (is === "wanted") {
        if (own) fail(map, `key '${key}' is there twice in the mapping that begins here`);
        own = { value: follow(pair.value) };
      } else if (is === "merge") {
        const found = getMerged(map, pair.value, key);
        // Some readers let the last one win, others the mapping's own key; in front of that key all agree.
        if (found && (own || merged))
          fail(pair.key as Node, `'<<' brings a second '${key}'; write one '<<', in front of the mapping's own keys`);
        merged ??= found;
      }
    }
    return own ? own.value : merged;
  };

  return {
    root: document.contents as Node | null,
    get,
    /** Undefined also where the value is no scalar. */
    getText(map: YAMLMap, key: string): string | undefined {
      const node = get(map, key);
      if (!isScalar(node)) return undefined;
      return oddTag(node) === undefined ? String(node.value) : fail(node, `'${key}' has a YAML tag; remove the tag`);
    },
    /** Undefined where there is nothing; throws for what is no text. `owner`: in words. */
    getScalar(map: YAMLMap, key: string, owner: string): TextScalar | undefined {
      const node = get(map, key);
      if (node === undefined || isEmpty(node)) return undefined;
      if (!isScalar(node) || !node.range) return fail(node, `'${key}' of ${owner} is no text`);
      if (oddTag(node) !== undefined) return fail(node, `'${key}' of ${owner} has a YAML tag; remove the tag`);
      const value = String(node.value);
      const [offset, end] = node.range;
      return { value, offset, valueAt: valueAt(value, node.type, text.slice(offset, end), offset) };
    },
    /** Undefined where there is nothing; throws for what is no mapping. */
    getMap(map: YAMLMap | undefined, key: string): YAMLMap | undefined {
      const node = map && get(map, key);
      if (node === undefined || isEmpty(node)) return undefined;
      return isMap(node) ? node : fail(node, `'${key}' of a Deployment is no mapping`);
    },
    /** Empty where there is nothing; throws for what is no list of mappings. */
    getItems(map: YAMLMap | undefined, key: string): YAMLMap[] {
      const node = map && get(map, key);
      if (node === undefined || isEmpty(node)) return [];
      if (!isSeq(node)) return fail(node, `'${key}' is no list`);
      return node.items.map((item) => {
        const target = follow(item);
        return isMap(target) ? target : fail(target ?? node, `an item of '${key}' is no mapping`);
      });
    },
    fail,
  };
}

/** What each alias repeats: the last node before it with that anchor. */
function aliasTargets(document: Document.Parsed, missing: (alias: Alias) => never): Map<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) targets.set(node, anchors.get(node.source) ?? missing(node));
      else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

function valueAt(value: string, style: Scalar.Type | undefined, source: string, offset: number): number | undefined {
  if (style === "PLAIN") return source === value ? offset : undefined;
  const isQuoted = style === "QUOTE_SINGLE" || style === "QUOTE_DOUBLE";
  return isQuoted && source.slice(1, -1) === value ? offset + 1 : undefined;
}

/** `~`, `null`, or nothing. */
export function isEmpty(node: Node): boolean {
  return isScalar(node) && node.type === "PLAIN" && ["", "~", "null"].includes(String(node.value));
}

/** Undefined: no YAML tag, or that of text. */
function oddTag(node: Node): string | undefined {
  return node.tag === textTag ? undefined : node.tag;
}
