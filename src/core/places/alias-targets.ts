import { type Alias, type Document, isAlias, type Node, visit } from "yaml";

/** What the aliases of a document repeat: each the last node before it with that anchor. */
export function findAliasTargets(document: Document.Parsed, missing: (alias: Alias) => never) {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  const repeats = new Map<Node, number[]>();
  visit(document, {
    Node(_key, node) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
        return;
      }
      const target = anchors.get(node.source) ?? missing(node);
      targets.set(node, target);
      repeats.set(target, [...(repeats.get(target) ?? []), node.range?.[0] ?? 0]);
    },
  });
  return {
    targetOf: (alias: Alias): Node => targets.get(alias) ?? missing(alias),
    /** Where the aliases of a node stand. */
    repeatsOf: (node: Node): readonly number[] => repeats.get(node) ?? [],
  };
}
