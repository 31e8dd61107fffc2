/** Which tests prove which requirement: read from the comment line directly above a test, `// P1, S10`. */
import { glob, readFile } from "node:fs/promises";
import { pathOf } from "../observability-files.ts";

export interface MarkedTest {
  readonly ids: readonly string[];
  readonly path: string;
  /** `…` stands for what differs from one case of a table to the next. */
  readonly name: string;
}

const marker = /^ *\/\/ ([PSF]\d+[\w-]*(?:, [PSF]\d+[\w-]*)*)$/gm;
const start = /^\n.*\b(?:test|programTest|describe)\(\s*(?=["`])/;

export async function markedTests(): Promise<MarkedTest[]> {
  const paths = (await Array.fromAsync(glob("test/**/*.test.ts", { cwd: pathOf("") }))).sort();
  return (await Promise.all(paths.map(async (path) => marksIn(path, await readFile(pathOf(path), "utf8"))))).flat();
}

export function marksIn(path: string, source: string): MarkedTest[] {
  return [...source.matchAll(marker)].map(({ 0: line, 1: ids = "", index }) => {
    const rest = source.slice(index + line.length);
    const [before] = start.exec(rest) ?? [];
    if (before === undefined) throw new Error(`${path}: ${line.trim()} is not directly above a test whose name is written out`);
    return { ids: ids.split(", "), path, name: nameAt(rest.slice(before.length)) };
  });
}

/** The string or template that the text begins with. */
function nameAt(text: string): string {
  const quote = text[0] ?? "";
  let name = "";
  for (let at = 1; at < text.length && text[at] !== quote; at++) {
    if (text.startsWith("${", at)) {
      at = endOfExpression(text, at + 2);
      name += "…";
    } else {
      if (text[at] === "\\") at++;
      name += text[at];
    }
  }
  return name;
}

function endOfExpression(text: string, from: number): number {
  let depth = 1;
  let at = from;
  for (; depth > 0 && at < text.length; at++) depth += text[at] === "{" ? 1 : text[at] === "}" ? -1 : 0;
  return at - 1;
}
