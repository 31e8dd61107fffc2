import { isScalar, type Node, type Scalar } from "yaml";
import { isText } from "./plain-text.ts";

const textTag = "tag:yaml.org,2002:str";

/** A scalar and where it stands. */
export interface TextScalar {
  readonly value: string;
  /** Where it begins in the text, with its quotes. */
  readonly offset: number;
  /** Where the value's characters begin that stand in the text one for one, which they do not in escapes, folded lines and blocks. */
  readonly valueAt: number | undefined;
  /** Without quotes: what is written there needs some where it would else be a number. */
  readonly isPlain: boolean;
  /** False where a reader may take it for a number, a date or a switch. */
  readonly isText: boolean;
  /** Where the alias stands by which it was reached. */
  readonly aliasAt: number | undefined;
  /** Where all aliases stand that repeat it. */
  readonly repeatedAt: readonly number[];
}

export function textScalar(node: Scalar, text: string, aliases: Pick<TextScalar, "aliasAt" | "repeatedAt">): TextScalar | undefined {
  if (!node.range) return undefined;
  const value = String(node.value);
  const [offset, end] = node.range;
  const isPlain = node.type === "PLAIN";
  return {
    ...{ value, offset, valueAt: valueAt(value, node.type, text.slice(offset, end), offset) },
    ...{ isPlain, isText: !isPlain || node.tag === textTag || isText(value), ...aliases },
  };
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
export function oddTag(node: Node): string | undefined {
  return node.tag === textTag ? undefined : node.tag;
}
