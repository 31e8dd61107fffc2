/** What a page holds, as a browser would read it. */
import assert from "node:assert/strict";
import { type DefaultTreeAdapterTypes, parse } from "parse5";

type Node = DefaultTreeAdapterTypes.Node;
export type Element = DefaultTreeAdapterTypes.Element;

/** All elements of the page, which must be without a parse error. */
export function elementsOf(page: string): Element[] {
  const problems: string[] = [];
  const document = parse(page, { onParseError: ({ code, startLine }) => problems.push(`${code} in line ${startLine}`) });
  assert.deepEqual(problems, []);
  const all = (node: Node): Element[] => [
    ...("tagName" in node ? [node] : []),
    ...("childNodes" in node ? node.childNodes.flatMap(all) : []),
  ];
  return all(document);
}

export const attribute = ({ attrs }: Element, name: string) => attrs.find((attr) => attr.name === name)?.value;
export const textOf = (node: Node): string =>
  "value" in node ? node.value : "childNodes" in node ? node.childNodes.map(textOf).join("") : "";
export const withClass = (all: readonly Element[], name: string) => all.filter((one) => attribute(one, "class")?.split(" ").includes(name));
export const squeeze = (text: string) => text.replace(/\s+/g, " ").trim();
