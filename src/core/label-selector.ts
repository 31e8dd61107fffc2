/** Kubernetes' label selectors, as `kubectl get -l` takes them. */

const mostCharacters = 1_000;
const label = "[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?";
const key = `(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?${label}`;
const value = `(?:${label})?`;
const requirements = [
  new RegExp(`^!? ?${key}$`),
  new RegExp(`^${key} ?(?:==?|!=) ?${value}$`),
  new RegExp(`^${key} (?:in|notin) ?\\( ?${value}(?: ?, ?${value})* ?\\)$`),
];

/** What is wrong with it; undefined: nothing. */
export function selectorProblem(text: string): string | undefined {
  if (text.length > mostCharacters) return `must have at most ${mostCharacters} characters`;
  const wrong = requirementsOf(text).find((one) => !requirements.some((form) => form.test(one)));
  return wrong === undefined
    ? undefined
    : `must be a label selector as kubectl get -l takes it, like team=shop,tier in (web, api), not '${wrong.slice(0, 100)}'`;
}

/** At the commas that are not within parentheses; spaces as one. */
function requirementsOf(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let one = "";
  for (const sign of text.replace(/\s+/g, " ")) {
    if (sign === "(") depth += 1;
    if (sign === ")") depth -= 1;
    if (sign === "," && depth === 0) {
      found.push(one.trim());
      one = "";
    } else one += sign;
  }
  return [...found, one.trim()];
}
