import { unprintable } from "../../text/escape.ts";
import type { AppPaths } from "../types.ts";

type ParsedPaths = { readonly kind: "ok"; readonly paths: AppPaths } | { readonly kind: "error"; readonly problem: string };

/** Each folder on the way costs a round trip to the remote. */
const mostFolders = 32;
/** Paths, and the folders on their way, each once: so many are looked for in each of a thousand commits. */
const mostParts = 100;

/** Relative to the application's root; `./a//b/` is `a/b`. With commas between them, `!` in front of what is excluded. Linear in the text. */
export function parseAppPaths(text: string): ParsedPaths {
  const include = new Set<string>();
  const exclude = new Set<string>();
  for (const item of text.split(",")) {
    const written = item.trim();
    const isExcluded = written.startsWith("!");
    const path = isExcluded ? written.slice(1).trim() : written;
    if (unprintable.test(path)) return error("holds a control or invisible character; type the paths again");
    if (path === "")
      return error("has an empty path; write paths with commas between them, for example services/shop, !services/shop/docs");
    if (path.includes("\\")) return error("holds a backslash; separate folders with '/'");
    if (path.startsWith("/")) return error("has a path that begins with '/'; write it relative to the root of the repository");
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.includes("..")) return error("has a path with '..'; write it relative to the root of the repository");
    if (parts.length === 0) return error("names the whole repository; name folders or files in it, or leave the annotation out");
    if (parts.length > mostFolders) return error(`has a path of more than ${mostFolders} parts; name a folder above it`);
    (isExcluded ? exclude : include).add(parts.join("/"));
  }
  const parts = new Set([...include, ...exclude].flatMap((path) => path.split("/").map((_, i, names) => names.slice(0, i + 1).join("/"))));
  if (parts.size > mostParts) return error(`names more than ${mostParts} folders and files; name folders above them`);
  for (const path of include) if (exclude.has(path)) return error("has a path both with and without '!'; leave out one of them");
  return { kind: "ok", paths: { include: [...include], exclude: [...exclude] } };
}

function error(problem: string): ParsedPaths {
  return { kind: "error", problem };
}
