/** A step of a path into a file. */
export type ValueStep =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "all" }
  | { readonly kind: "where"; readonly key: string; readonly value: string };

type ParsedPath = { readonly kind: "ok"; readonly steps: readonly ValueStep[] } | { readonly kind: "error"; readonly problem: string };

/** Levels of a file. */
const maxSteps = 100;

const form = "write it like image.tag, jobs[0].image, containers[name=web].image or jobs[*].image";

/** `image.tag`, `jobs[0].image`, `containers[name=web].image`, `jobs[*].image`; a backslash takes its meaning from the character behind it. */
export function parseValuePath(text: string): ParsedPath {
  const steps: ValueStep[] = [];
  let at = 0;
  const error = (problem: string): ParsedPath => ({ kind: "error", problem: `${problem}; ${form}` });
  /** The characters up to one of `ends`, or undefined where a backslash stands at the end. */
  const word = (ends: string): string | undefined => {
    let found = "";
    for (; at < text.length && !ends.includes(text.charAt(at)); at++) {
      if (text[at] === "\\") at += 1;
      if (at === text.length) return undefined;
      found += text.charAt(at);
    }
    return found;
  };
  while (at < text.length) {
    if (steps.length === maxSteps) return error(`has more than ${maxSteps} steps`);
    if (text[at] === "[") {
      at += 1;
      const key = word("=]");
      const hasValue = text[at] === "=";
      if (hasValue) at += 1;
      const value = hasValue ? word("]") : undefined;
      if (key === undefined || (hasValue && value === undefined) || text[at] !== "]") return error("has a '[' without its ']'");
      at += 1;
      if (value !== undefined && key !== "") steps.push({ kind: "where", key, value });
      else if (value === undefined && key === "*") steps.push({ kind: "all" });
      else if (value === undefined && /^\d{1,6}$/.test(key)) steps.push({ kind: "index", index: Number(key) });
      else return error(`has '[…]' with neither a number, '*' nor key=value in it`);
    } else {
      if (steps.length > 0 && text[at] === ".") at += 1;
      else if (steps.length > 0) return error("has a key behind ']' without a '.' between them");
      const key = word(".[");
      if (key === undefined) return error("ends in a backslash");
      if (key === "") return error("has an empty key");
      steps.push({ kind: "key", key });
    }
  }
  return steps.length === 0 ? error("is empty") : { kind: "ok", steps };
}
