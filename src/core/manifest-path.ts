import { unprintable } from "../text/escape.ts";

type ParsedPath = { readonly kind: "ok"; readonly path: string } | { readonly kind: "error"; readonly problem: string };

const maxBytes = 1024;

/** The path of a manifest in its repository: relative to the root, `/`-separated, `./a//b/` as `a/b`, and `/a` too. */
export function parseManifestPath(text: string): ParsedPath {
  if (Buffer.byteLength(text) > maxBytes) return error(`is longer than ${maxBytes} bytes; use a shorter path`);
  if (unprintable.test(text)) return error("holds a control or invisible character; type the path again");
  if (text.includes("\\")) return error("holds a backslash; separate folders with '/'");
  if (text.startsWith("//")) return error("begins with '//'; write it relative to the root of the repository");
  const parts = text.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length === 0) return error("names no file; write the manifest's path, for example deploy/app.yaml");
  for (const part of parts) {
    if (part === "..") return error("holds '..'; write it relative to the root of the repository");
    if (isGitFolder(part)) return error("leads into git's own folder (.git); name a manifest");
    if (part.toLowerCase() === ".github") return error("leads into .github, which the operator never writes; move the manifest elsewhere");
  }
  return { kind: "ok", path: parts.join("/") };
}

/** Also the other names by which Windows opens it: `git~1`, trailing dots and spaces, `:stream` (git's own is_ntfs_dotgit). */
function isGitFolder(part: string): boolean {
  return /^(?:\.git|git~\d+)[ .]*(?::.*)?$/i.test(part);
}

function error(problem: string): ParsedPath {
  return { kind: "error", problem };
}
