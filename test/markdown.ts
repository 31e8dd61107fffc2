/** The pages for people, as data. */
import { glob, readFile } from "node:fs/promises";
import { pathOf } from "./observability-files.ts";

interface Page {
  readonly path: string;
  readonly text: string;
}

export async function readPages(): Promise<Page[]> {
  const paths = await Array.fromAsync(glob(["*.md", "docs/*.md"], { cwd: pathOf("") }));
  return Promise.all(paths.sort().map(async (path) => ({ path, text: await readFile(pathOf(path), "utf8") })));
}

/** The bodies of ```sh blocks, also of those within lists. */
export const shellBlocks = (text: string): string[] => blocksOf(text, "sh");

export const yamlBlocks = (text: string): string[] => blocksOf(text, "yaml");

function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\`$`, "gm"))].map(([, indent = "", body = ""]) =>
    body.replaceAll(`\n${indent}`, "\n").trim(),
  );
}

/** Rows of the tables below a heading, as cells; head and rule left out. */
export function tableRows(text: string, heading: string): string[][] {
  const from = text.indexOf(`\n${heading}`);
  const section = from < 0 ? "" : text.slice(from + 1).split(/\n#{1,3} /)[0];
  const rows = (section ?? "").split("\n").map((line) =>
    line
      .match(/^\|(.*)\|$/)?.[1]
      ?.split("|")
      .map((cell) => cell.trim()),
  );
  return rows.filter((row, at) => row !== undefined && !isRule(row) && !isRule(rows[at + 1])) as string[][];
}

function isRule(row: readonly string[] | undefined): boolean {
  return row?.every((cell) => /^-+$/.test(cell)) ?? false;
}

/** What is between backticks. */
export function codeIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
