import { unprintable } from "../../text/escape.ts";

const maxBytes = 255;

/** Why git would not take it as a branch name; the rules are those of `git check-ref-format --branch`. */
export function branchProblem(name: string): string | undefined {
  if (name === "") return "is empty; name a branch, for example main";
  if (Buffer.byteLength(name) > maxBytes) return `is longer than ${maxBytes} bytes; use a shorter branch name`;
  if (unprintable.test(name)) return "holds a control or invisible character; type the branch name again";
  if (name.startsWith("-")) return "begins with '-', which git refuses; use another branch name";
  if (name.startsWith("refs/")) return "is a full ref; write the branch name alone, for example main";
  if (name === "HEAD" || name === "@") return `is '${name}', which is no branch; write the branch's own name, for example main`;
  const bad = /[ ~^:?*[\\]/.exec(name);
  if (bad) return `holds '${bad[0]}', which git refuses in branch names; use another branch name`;
  if (name.includes("..") || name.includes("@{")) return "holds '..' or '@{', which git refuses in branch names; use another branch name";
  if (name.endsWith(".")) return "ends with '.', which git refuses; use another branch name";
  for (const part of name.split("/")) {
    if (part === "") return "has an empty part ('/' at an end, or '//'); write it like feature/x";
    if (part.startsWith(".")) return "has a part that begins with '.', which git refuses; use another branch name";
    if (part.endsWith(".lock")) return "has a part that ends with '.lock', which git refuses; use another branch name";
  }
  return undefined;
}
