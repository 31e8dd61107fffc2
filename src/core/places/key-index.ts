import { type Alias, isAlias, isScalar, type Node, type YAMLMap } from "yaml";
import { oddTag } from "./text-scalar.ts";

interface Key {
  /** As it stands there, which an alias may be. */
  readonly node: Node;
  readonly isAliased: boolean;
  readonly value: Node | undefined;
  /** Which of the mapping's keys it is. */
  readonly at: number;
}

/** Of a mapping, read once, so that many questions take linear time. */
export interface KeyIndex {
  readonly named: ReadonlyMap<string, readonly Key[]>;
  readonly merges: readonly Key[];
}

/** Keys have to be written as such, for readers differ on anything else: who asks for one is told how it is written. */
export function indexKeys({ items }: YAMLMap, targetOf: (alias: Alias) => Node, fail: (node: Node, reason: string) => never): KeyIndex {
  const named = new Map<string, Key[]>();
  const merges: Key[] = [];
  for (const [at, pair] of items.entries()) {
    const node = pair.key as Node;
    const isAliased = isAlias(node);
    const scalar = isAliased ? targetOf(node) : node;
    if (!isScalar(scalar)) continue;
    if (oddTag(scalar) === "tag:yaml.org,2002:binary") fail(node, "a key has the YAML tag !!binary; write the key itself");
    const key: Key = { node, isAliased, value: (pair.value ?? undefined) as Node | undefined, at };
    const name = String(scalar.source);
    if (name === "<<" && scalar.type === "PLAIN") merges.push(key);
    else if (named.has(name)) named.get(name)?.push(key);
    else named.set(name, [key]);
  }
  return { named, merges };
}
