import { unprintable } from "../../text/escape.ts";
import { mostFiles } from "../file-patterns.ts";
import { parseManifestPath } from "../manifest-path.ts";
import type { FilePattern } from "../types.ts";
import { parseValuePath } from "../value-path.ts";

type ParsedDeploymentPath =
  | { readonly kind: "ok"; readonly files: readonly [FilePattern, ...FilePattern[]] }
  | { readonly kind: "error"; readonly problem: string };

const mostAtCharacters = 256;

/** Places with commas or line breaks between them: a file's path, with wildcards or not, and behind a `#` the one scalar in it that is meant. */
export function parseDeploymentPath(text: string): ParsedDeploymentPath {
  const items = text
    .split(/[,\n]/)
    .map((item) => item.trim())
    .filter((item) => item !== "");
  const [first = "", ...rest] = [...new Set(items)];
  if (rest.length >= mostFiles) return error(`names more than ${mostFiles} files; write a pattern, for example apps/*/values.yaml`);
  const parsedFirst = parseFile(first);
  if (parsedFirst.kind === "error") return parsedFirst;
  const files: [FilePattern, ...FilePattern[]] = [parsedFirst.file];
  for (const item of rest) {
    const parsed = parseFile(item);
    if (parsed.kind === "error") return parsed;
    files.push(parsed.file);
  }
  return { kind: "ok", files };
}

function parseFile(text: string): { kind: "ok"; file: FilePattern } | { kind: "error"; problem: string } {
  const hash = text.indexOf("#");
  const parsed = parseManifestPath((hash < 0 ? text : text.slice(0, hash)).trim());
  if (parsed.kind === "error") return parsed;
  const { path } = parsed;
  if (path.split("/").some((part) => part.includes("**") && part !== "**"))
    return error("has '**' beside other characters; write '**' alone between two '/', for example apps/**/values.yaml");
  if (hash < 0) return { kind: "ok", file: { path } };
  const at = text.slice(hash + 1).trim();
  if (at === "") return error("has nothing behind '#'; name the value there, for example values.yaml#image.tag");
  if (at.length > mostAtCharacters) return error(`names a value by more than ${mostAtCharacters} characters behind '#'; shorten it`);
  if (unprintable.test(at)) return error("holds a control or invisible character behind '#'; type it again");
  const value = parseValuePath(at);
  if (value.kind === "error") return error(`names a value by '#${at}', which ${value.problem}`);
  return { kind: "ok", file: { path, at } };
}

function error(problem: string): { kind: "error"; problem: string } {
  return { kind: "error", problem };
}
